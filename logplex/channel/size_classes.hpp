#pragma once

#include <array>
#include <cstdint>
#include <utility>

#include "logplex/channel/channel_log.hpp"

namespace sluice {

/// Groups channels by their memory, four classes to each power of two, so that the largest are found without a scan.
/// Moving a channel to another class costs a few stores and happens when it gains or loses a segment. One shard.
class SizeClasses {
 public:
  static constexpr unsigned kClasses = 196;

  /// The class of a channel with so many bytes; 0 = none.
  static unsigned class_of(std::uint64_t bytes);

  /// Call after channel.memory has changed.
  void update(ChannelLog& channel, std::uint64_t memory_before);
  /// The first channel of the class's ring: the one that grew last, unless the ring was rotated or another channel
  /// shrank since. nullptr when the class is empty.
  ChannelLog* first(unsigned size_class) const { return heads_[size_class]; }
  /// Moves the first channel of a class to the end of the ring.
  void rotate(unsigned size_class) {
    if (heads_[size_class] != nullptr) heads_[size_class] = heads_[size_class]->same_size_next;
  }
  std::uint32_t count(unsigned size_class) const { return counts_[size_class]; }
  /// The memory of all channels.
  std::uint64_t bytes() const { return all_bytes_; }
  /// The highest class with a channel in it; 0 when there is none.
  unsigned largest() const { return next_below(kClasses); }
  /// The highest class below this one with a channel in it; 0 when there is none.
  unsigned next_below(unsigned size_class) const;
  /// The max-min fair share: how many bytes each channel may hold so that all of them together, when those that hold
  /// more are cut to it, hold `bytes`. No channel holds more than the result when all hold at most `bytes` together.
  /// Called for each line while memory is short, so the last result is kept until a channel's memory changes.
  std::uint64_t fair_share(std::uint64_t bytes) const {
    if (std::exchange(shared_out_, bytes) != bytes || std::exchange(changed_, false)) share_ = find_share(bytes);
    return share_;
  }

 private:
  std::uint64_t find_share(std::uint64_t bytes) const;
  void unlink(ChannelLog& channel);
  void link(ChannelLog& channel);

  std::array<ChannelLog*, kClasses> heads_{};
  std::array<std::uint32_t, kClasses> counts_{};
  std::array<std::uint64_t, kClasses> bytes_{};
  std::array<std::uint64_t, kClasses / 64 + 1> occupied_{};  // a bit for each class
  std::uint64_t all_bytes_ = 0;
  mutable bool changed_ = true;
  mutable std::uint64_t shared_out_ = 0;
  mutable std::uint64_t share_ = 0;
};

}  // namespace sluice
