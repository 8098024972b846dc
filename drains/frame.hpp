#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "logplex/base/clock.hpp"
#include "logplex/base/slot.hpp"

namespace sluice {

/// What a drain sends at once: encoded lines, kept until the receiver has confirmed them. The bytes are a copy, so
/// eviction never touches them, and the id stays the same however often the frame is sent.
struct Frame {
  std::string body;
  std::uint64_t lines = 0;             // of channels
  std::vector<std::uint64_t> notices;  // which messages are L10 lines; they count for the receiver only
  std::uint64_t told = 0;              // lost lines that its notices tell; untold again when it is refused
  std::array<char, 32> id{};           // upper-case hex
  WallTime oldest{};                   // when the first line was received

  std::string_view id_text() const { return {id.data(), id.size()}; }
  std::uint64_t messages() const { return lines + notices.size(); }
};

/// Makes frame ids: a hash (XXH3, 128 bits) of log id, drain and the runs of lines in the frame.
class FrameIdentity {
 public:
  FrameIdentity(std::uint64_t log_id, std::uint64_t drain) : log_id_(log_id), drain_(drain) {}

  /// The next line of the frame. Lines that follow each other in one channel extend a run.
  void add(ChannelSlot channel, Seq seq);
  /// Writes the id and begins the next frame.
  void finish(Frame& frame);

 private:
  struct Run {
    std::uint64_t channel;
    Seq first;
    Seq last;
  };

  const std::uint64_t log_id_;
  const std::uint64_t drain_;
  std::string runs_;  // finished runs as bytes
  Run run_{ChannelSlot::kNone, 0, 0};
};

/// The id of one part of a frame that was split.
void set_part_id(Frame& part, const Frame& whole, std::uint64_t number);

}  // namespace sluice
