#include "drains/kinds/frame.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#define XXH_STATIC_LINKING_ONLY  // the state on the stack
#include <xxhash.h>

#include "logplex/channel/fabric.hpp"

namespace sluice::drains {
namespace {

constexpr char kHex[] = "0123456789ABCDEF";

void write_hex(std::uint64_t value, char* out) {
  for (int digit = 0; digit < 16; ++digit) out[digit] = kHex[value >> (60 - 4 * digit) & 0xf];
}

void write_hash(const XXH128_hash_t& hash, Frame& frame) {
  write_hex(hash.high64, frame.id.data());
  write_hex(hash.low64, frame.id.data() + 16);
}

/// A run as ids know it.
struct KeyedRun {
  ChannelKey channel;
  Seq first;
  Seq last;
};

struct PartSource {
  XXH128_hash_t whole;
  std::uint64_t number;
  std::uint64_t reserved;  // 0
};

struct OwnerSource {
  std::uint64_t log_id;
  std::uint64_t drain_high;
  std::uint64_t drain_low;
};

}  // namespace

void Frame::fold() {
  folded_bytes = bytes().size();
  if (shared) runs = shared->runs;
  shared = {};
  std::string().swap(body);  // an assignment would keep the memory
  reported = 0;
  passed = PassedRuns();
}

void set_id(Frame& frame, const FabricShard& fabric, const Uuid& drain_token) {
  XXH3_state_t state;
  XXH3_128bits_reset(&state);
  const OwnerSource source{fabric.identity().log_id, drain_token.high, drain_token.low};
  XXH3_128bits_update(&state, &source, sizeof source);
  std::array<KeyedRun, 32> keyed;
  for (auto rest = frame.lines_in_it(); !rest.empty(); rest = rest.subspan(std::min(rest.size(), keyed.size()))) {
    const std::size_t count = std::min(rest.size(), keyed.size());
    for (std::size_t i = 0; i < count; ++i) {
      const ChannelSlot channel{static_cast<std::uint32_t>(rest[i].channel)};
      keyed[i] = {fabric.key_of(channel), rest[i].first, rest[i].last};
    }
    XXH3_128bits_update(&state, keyed.data(), count * sizeof(KeyedRun));
  }
  write_hash(XXH3_128bits_digest(&state), frame);
}

void set_part_id(Frame& part, const Frame& whole, std::uint64_t number) {
  const PartSource source{XXH3_128bits(whole.id.data(), whole.id.size()), number, 0};
  write_hash(XXH3_128bits(&source, sizeof source), part);
}

}  // namespace sluice::drains
