#include "drains/kinds/frame.hpp"

#include <cstring>

#include <xxhash.h>

namespace sluice::drains {
namespace {

constexpr char kHex[] = "0123456789ABCDEF";

struct IdSource {
  XXH128_hash_t lines;
  std::uint64_t first;
  std::uint64_t second;
};

void write_hex(std::uint64_t value, char* out) {
  for (int digit = 0; digit < 16; ++digit) out[digit] = kHex[value >> (60 - 4 * digit) & 0xf];
}

void write_id(const IdSource& source, Frame& frame) {
  const XXH128_hash_t hash = XXH3_128bits(&source, sizeof source);
  write_hex(hash.high64, frame.id.data());
  write_hex(hash.low64, frame.id.data() + 16);
}

}  // namespace

void Frame::fold() {
  folded_bytes = bytes().size();
  if (shared) runs = shared->runs;
  shared = {};
  std::string().swap(body);  // an assignment would keep the memory
  reported = 0;
  passed = PassedRuns();
}

void set_id(Frame& frame, std::uint64_t log_id, std::uint64_t drain) {
  const auto runs = frame.lines_in_it();
  write_id({XXH3_128bits(runs.data(), runs.size_bytes()), log_id, drain}, frame);
}

void set_part_id(Frame& part, const Frame& whole, std::uint64_t number) {
  write_id({XXH3_128bits(whole.id.data(), whole.id.size()), number, 0}, part);
}

}  // namespace sluice::drains
