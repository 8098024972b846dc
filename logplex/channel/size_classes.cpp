#include "logplex/channel/size_classes.hpp"

#include <bit>

namespace sluice {

void SizeClasses::update(ChannelLog& channel, std::uint64_t memory_before) {
  const auto size_class = static_cast<std::uint8_t>(std::bit_width(channel.memory));
  changed_ = true;
  bytes_[channel.size_class] -= memory_before;
  bytes_[size_class] += channel.memory;
  if (size_class == channel.size_class) return;
  if (channel.size_class != 0) unlink(channel);
  channel.size_class = size_class;
  if (size_class != 0) link(channel);
}

void SizeClasses::link(ChannelLog& channel) {
  ChannelLog*& head = heads_[channel.size_class];
  ++counts_[channel.size_class];
  occupied_ |= std::uint64_t{1} << channel.size_class;
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
    occupied_ &= ~(std::uint64_t{1} << channel.size_class);
    return;
  }
  channel.same_size_prev->same_size_next = channel.same_size_next;
  channel.same_size_next->same_size_prev = channel.same_size_prev;
  if (head == &channel) head = channel.same_size_next;
}

unsigned SizeClasses::largest() const {
  return occupied_ == 0 ? 0 : static_cast<unsigned>(std::bit_width(occupied_)) - 1;
}

unsigned SizeClasses::find_large_from() const {
  std::uint64_t all = 0;
  for (const auto bytes : bytes_) all += bytes;
  std::uint64_t above = 0;
  unsigned size_class = largest();
  while (size_class > 0 && (above += bytes_[size_class]) * 2 < all) --size_class;
  return size_class;
}

}  // namespace sluice
