#pragma once

#include <cstdint>
#include <vector>

#include "logplex/channel/segment.hpp"

namespace sluice {

/// Places of global readers that do not stand at a channel's fresh_place: one block per channel with such readers, one
/// place per reader in it. A channel whose readers all keep up has no block. Blocks are reused. One shard.
class GlobalPlaces {
 public:
  /// Makes room for this reader in every block.
  void reserve(unsigned reader);
  std::uint32_t acquire();
  void release(std::uint32_t block) { free_.push_back(block); }
  Place& at(std::uint32_t block, unsigned reader) { return places_[std::size_t{block} * stride_ + reader]; }
  const Place& at(std::uint32_t block, unsigned reader) const { return places_[std::size_t{block} * stride_ + reader]; }
  std::uint64_t bytes() const { return places_.capacity() * sizeof(Place) + free_.capacity() * sizeof free_[0]; }

 private:
  std::size_t stride_ = 1;
  std::vector<Place> places_;
  std::vector<std::uint32_t> free_;
};

/// FIFO queue of the channels that have lines for one global reader, each at most once. Its ring never shrinks.
class NewsList {
 public:
  bool empty() const { return head_ == tail_; }
  std::size_t size() const { return tail_ - head_; }
  std::uint32_t front() const { return at(0); }
  std::uint32_t at(std::size_t i) const { return ring_[(head_ + i) & (ring_.size() - 1)]; }
  void push(std::uint32_t channel) {
    if (size() == ring_.size()) grow();
    ring_[tail_++ & (ring_.size() - 1)] = channel;
  }
  void pop() { ++head_; }
  void clear() { head_ = tail_; }

 private:
  void grow();

  std::vector<std::uint32_t> ring_;  // size 0 or a power of two
  std::size_t head_ = 0;
  std::size_t tail_ = 0;
};

}  // namespace sluice
