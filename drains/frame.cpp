#include "drains/frame.hpp"

#include <cstring>

#include <xxhash.h>

namespace sluice {
namespace {

constexpr char kHex[] = "0123456789ABCDEF";

void append_bytes_of(std::string& out, const void* value, std::size_t size) {
  out.append(static_cast<const char*>(value), size);
}

void write_hex(std::uint64_t value, char* out) {
  for (int digit = 0; digit < 16; ++digit) out[digit] = kHex[value >> (60 - 4 * digit) & 0xf];
}

void write_id(const std::string& text, Frame& frame) {
  const XXH128_hash_t hash = XXH3_128bits(text.data(), text.size());
  write_hex(hash.high64, frame.id.data());
  write_hex(hash.low64, frame.id.data() + 16);
}

}  // namespace

void FrameIdentity::add(ChannelSlot channel, Seq seq) {
  if (run_.channel == channel.value && run_.last + 1 == seq) {
    run_.last = seq;
    return;
  }
  if (run_.channel != ChannelSlot::kNone) append_bytes_of(runs_, &run_, sizeof run_);
  run_ = {channel.value, seq, seq};
}

void FrameIdentity::finish(Frame& frame) {
  if (run_.channel != ChannelSlot::kNone) append_bytes_of(runs_, &run_, sizeof run_);
  for (const std::uint64_t number : {log_id_, drain_}) append_bytes_of(runs_, &number, sizeof number);
  write_id(runs_, frame);
  runs_.clear();
  run_ = {ChannelSlot::kNone, 0, 0};
}

void set_part_id(Frame& part, const Frame& whole, std::uint64_t number) {
  std::string text(whole.id_text());
  append_bytes_of(text, &number, sizeof number);
  write_id(text, part);
}

}  // namespace sluice
