#include "logplex/channel/global_places.hpp"

#include <algorithm>
#include <bit>

namespace sluice {

void GlobalPlaces::reserve(unsigned reader) {
  const std::size_t wanted = std::bit_ceil(std::size_t{reader} + 1);
  if (wanted <= stride_) return;
  const std::size_t blocks = places_.size() / stride_;
  std::vector<Place> wider(blocks * wanted);
  for (std::size_t block = 0; block < blocks; ++block) {
    for (std::size_t i = 0; i < stride_; ++i) wider[block * wanted + i] = places_[block * stride_ + i];
  }
  places_ = std::move(wider);
  stride_ = wanted;
}

std::uint32_t GlobalPlaces::acquire() {
  if (free_.empty()) {
    const auto block = static_cast<std::uint32_t>(places_.size() / stride_);
    places_.resize(places_.size() + stride_);
    return block;
  }
  const std::uint32_t block = free_.back();
  free_.pop_back();
  return block;
}

void NewsList::grow() {
  std::vector<std::uint32_t> larger(std::max<std::size_t>(ring_.size() * 2, 16));
  const std::size_t entries = size();
  for (std::size_t i = 0; i < entries; ++i) larger[i] = at(i);
  ring_ = std::move(larger);
  head_ = 0;
  tail_ = entries;
}

}  // namespace sluice
