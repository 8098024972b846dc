#pragma once

#include <array>
#include <cstdint>

#include "logplex/channel/channel_log.hpp"

namespace sluice {

/// Groups channels by the power of two of their memory, so that the largest are found without a scan. Moving a channel
/// to another class costs a few stores and happens when it gains or loses a segment. One shard.
class SizeClasses {
 public:
  static constexpr unsigned kClasses = 48;

  /// Call after channel.memory has changed.
  void update(ChannelLog& channel, std::uint64_t memory_before);
  /// The first channel of the class's ring; nullptr when the class is empty.
  ChannelLog* first(unsigned size_class) const { return heads_[size_class]; }
  /// Moves the first channel of a class to the end of the ring.
  void rotate(unsigned size_class) {
    if (heads_[size_class] != nullptr) heads_[size_class] = heads_[size_class]->same_size_next;
  }
  std::uint32_t count(unsigned size_class) const { return counts_[size_class]; }
  /// The highest class with a channel in it; 0 when there is none.
  unsigned largest() const;
  /// Channels of this class and above use at least half of all memory. Called for each line while memory is short, so
  /// the result is cached until a channel's memory changes.
  unsigned large_from() const {
    if (changed_) large_from_ = find_large_from();
    changed_ = false;
    return large_from_;
  }

 private:
  unsigned find_large_from() const;
  void unlink(ChannelLog& channel);
  void link(ChannelLog& channel);

  std::array<ChannelLog*, kClasses> heads_{};
  std::array<std::uint32_t, kClasses> counts_{};
  std::array<std::uint64_t, kClasses> bytes_{};
  std::uint64_t occupied_ = 0;
  mutable bool changed_ = true;
  mutable unsigned large_from_ = 0;
};

}  // namespace sluice
