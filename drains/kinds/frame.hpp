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

namespace sluice::drains {

/// What a drain sends at once: encoded lines, kept until the receiver has confirmed them. The bytes are a copy, so
/// eviction never touches them, and the id stays the same however often the frame is sent.
struct Frame {
  std::string body;      // empty when shared
  SharedBodyRef shared;  // what drains that render alike send; with it `runs` is empty
  std::vector<Run> runs;
  std::uint64_t lines = 0;             // of channels
  std::vector<std::uint64_t> notices;  // which messages are L10 lines; they count for the receiver only
  std::uint64_t reported = 0;          // lost lines that its L10 notices report; unreported again when it is refused
  WallTime reported_since{};           // when the first of them was lost
  std::uint64_t missing_before = 0;    // lines that the drain had found missing when the first line came
  std::array<char, 32> id{};           // upper-case hex
  WallTime oldest{};                   // when the first line was received
  PassedRuns passed;                   // logs that its messages passed before; of a shared body it stands there

  /// What to send; a shared body is addressed to the drain before (SharedBody::address_to).
  std::string_view bytes() const { return shared ? std::string_view(shared->bytes) : std::string_view(body); }
  std::span<const Run> lines_in_it() const { return shared ? shared->runs : runs; }
  const PassedRuns& ways() const { return shared ? shared->passed : passed; }
  std::string_view id_text() const { return {id.data(), id.size()}; }
  std::uint64_t messages() const { return lines + notices.size(); }
  /// When the first line that it holds or tells of was received or lost.
  WallTime since() const {
    if (reported == 0) return oldest;
    return lines == 0 ? reported_since : std::min(reported_since, oldest);
  }
  /// Memory that the frame alone takes.
  std::uint64_t memory() const {
    return sizeof(Frame) + body.capacity() + runs.capacity() * sizeof(Run) + passed.memory();
  }
};

/// Gives the frame its id: a hash (XXH3, 128 bits) of log id, drain and the runs of lines in it.
void set_id(Frame& frame, std::uint64_t log_id, std::uint64_t drain);
/// The id of one part of a frame that was split.
void set_part_id(Frame& part, const Frame& whole, std::uint64_t number);

}  // namespace sluice::drains
