#include "logplex/channel/size_classes.hpp"

#include <bit>
#include <limits>

namespace sluice {

unsigned SizeClasses::class_of(std::uint64_t bytes) {
  const auto width = static_cast<unsigned>(std::bit_width(bytes));
  const auto quarter = width < 3 ? 0U : static_cast<unsigned>(bytes >> (width - 3) & 3);
  return width * 4 + quarter;
}

void SizeClasses::update(ChannelLog& channel, std::uint64_t memory_before) {
  const auto size_class = static_cast<std::uint8_t>(class_of(channel.memory));
  changed_ = true;
  bytes_[channel.size_class] -= memory_before;
  bytes_[size_class] += channel.memory;
  all_bytes_ += channel.memory - memory_before;
  if (size_class != channel.size_class) {
    if (channel.size_class != 0) unlink(channel);
    channel.size_class = size_class;
    if (size_class != 0) link(channel);
  }
  if (channel.memory > memory_before)
    heads_[size_class] = &channel;
  else if (heads_[size_class] == &channel)
    rotate(size_class);
}

void SizeClasses::link(ChannelLog& channel) {
  ChannelLog*& head = heads_[channel.size_class];
  ++counts_[channel.size_class];
  occupied_[channel.size_class / 64] |= std::uint64_t{1} << channel.size_class % 64;
  if (head == nullptr) {
    head = channel.same_size_next = channel.same_size_prev = &channel;
    return;
  }
  channel.same_size_next = head;
  channel.same_size_prev = head->same_size_prev;
  channel.same_size_prev->same_size_next = &channel;
  head->same_size_prev = &channel;
}

void SizeClasses::unlink(ChannelLog& channel) {
  ChannelLog*& head = heads_[channel.size_class];
  --counts_[channel.size_class];
  if (channel.same_size_next == &channel) {
    head = nullptr;
    occupied_[channel.size_class / 64] &= ~(std::uint64_t{1} << channel.size_class % 64);
    return;
  }
  channel.same_size_prev->same_size_next = channel.same_size_next;
  channel.same_size_next->same_size_prev = channel.same_size_prev;
  if (head == &channel) head = channel.same_size_next;
}

unsigned SizeClasses::next_below(unsigned size_class) const {
  for (unsigned word = size_class / 64 + 1; word-- > 0;) {
    std::uint64_t bits = occupied_[word];
    if (word == size_class / 64) bits &= (std::uint64_t{1} << size_class % 64) - 1;
    if (bits != 0) return word * 64 + static_cast<unsigned>(std::bit_width(bits)) - 1;
  }
  return 0;
}

/// Goes down from the largest class until the channels looked at hold more than their part: the rest hold less each.
std::uint64_t SizeClasses::find_share(std::uint64_t bytes) const {
  if (all_bytes_ <= bytes) return std::numeric_limits<std::uint64_t>::max();
  std::uint64_t below = all_bytes_;
  std::uint64_t larger = 0;
  std::uint64_t share = 0;
  for (unsigned size_class = largest(); size_class != 0;) {
    below -= bytes_[size_class];
    larger += counts_[size_class];
    share = below < bytes ? (bytes - below) / larger : 0;
    size_class = next_below(size_class);
    if (class_of(share) > size_class) break;
  }
  return share;
}

}  // namespace sluice
