#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "drains/kinds/shared_body.hpp"
#include "logplex/base/clock.hpp"
#include "logplex/base/uuid.hpp"

namespace sluice {
class FabricShard;
}  // namespace sluice

namespace sluice::drains {

/// A batch of encoded lines that a drain sends as one, kept until the receiver has confirmed it. The bytes are a copy,
/// so evicting lines from a channel does not affect a frame. The id stays the same however often the frame is sent.
struct Frame {
  std::string body;      // empty when shared
  SharedBodyRef shared;  // a body shared with drains that render alike; then `runs` is empty
  std::vector<Run> runs;
  std::uint64_t lines = 0;             // lines of channels, without notices
  std::uint64_t folded_bytes = 0;      // not 0: it has no bytes until its lines are encoded again; it had so many
  std::vector<std::uint64_t> notices;  // positions of the L10 messages; only messages() counts them
  std::uint64_t reported = 0;          // lost lines that its L10 notices report; reported again if the frame is refused
  WallTime reported_since{};           // when the first of them was lost
  std::uint64_t missing_before = 0;    // lines the drain had found missing before the first line
  std::array<char, 32> id{};           // upper-case hex
  WallTime oldest{};                   // when the first line was received
  PassedRuns passed;                   // logs that its messages passed before; unused with a shared body

  /// The bytes to send. Before sending a shared body, write the drain's token into it (SharedBody::address_to).
  std::string_view bytes() const { return shared ? std::string_view(shared->bytes) : std::string_view(body); }
  std::span<const Run> lines_in_it() const { return shared ? shared->runs : runs; }
  const PassedRuns& ways() const { return shared ? shared->passed : passed; }
  std::string_view id_text() const { return {id.data(), id.size()}; }
  std::uint64_t messages() const { return lines + notices.size(); }
  /// When the earliest line that the frame holds was received, or the earliest that it reports was lost.
  WallTime since() const {
    if (reported == 0) return oldest;
    return lines == 0 ? reported_since : std::min(reported_since, oldest);
  }
  /// Memory that the frame takes without a shared body.
  std::uint64_t memory() const {
    return sizeof(Frame) + body.capacity() + runs.capacity() * sizeof(Run) + passed.memory();
  }
  /// Frees the bytes and keeps only which lines it has. What its notices reported is forgotten: the caller reports it
  /// again.
  void fold();
};

/// Sets the frame's id: a hash (XXH3, 128 bits) of the log id, the drain's token, and the runs of lines with their
/// channels' keys. None of these belongs to a process, so a frame of the same lines has the same id after a restart.
void set_id(Frame& frame, const FabricShard& fabric, const Uuid& drain_token);
/// Sets the id of one part of a frame that was split.
void set_part_id(Frame& part, const Frame& whole, std::uint64_t number);

}  // namespace sluice::drains
