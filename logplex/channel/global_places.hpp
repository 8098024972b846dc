#pragma once

#include <cstdint>
#include <vector>

#include "logplex/channel/segment.hpp"

namespace sluice {

/// The places of global readers in channels that have news for them: one block per such channel, one place per reader
/// in it. A channel without news has no block, so it costs nothing. Blocks are used again. One shard.
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

/// Channels that have something for one global reader, each at most once, first come first. Takes no memory back and
/// forth in steady state.
class NewsList {
 public:
  bool empty() const { return head_ == entries_.size(); }
  std::size_t size() const { return entries_.size() - head_; }
  std::uint32_t front() const { return entries_[head_]; }
  std::uint32_t at(std::size_t i) const { return entries_[head_ + i]; }
  void push(std::uint32_t channel);
  void pop();
  void clear() {
    entries_.clear();
    head_ = 0;
  }

 private:
  std::vector<std::uint32_t> entries_;
  std::size_t head_ = 0;
};

}  // namespace sluice
