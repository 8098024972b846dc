#include "logplex/wire/filter_cache.hpp"

namespace sluice {

const Filter* FilterCache::find(std::string_view text) {
  const auto known = by_text_.find(text);
  if (known == by_text_.end()) return nullptr;
  recent_.splice(recent_.begin(), recent_, known->second);
  return &recent_.front().filter;
}

void FilterCache::add(std::string_view text, const Filter& filter) {
  if (by_text_.contains(text)) return;
  recent_.push_front({std::string(text), filter});
  by_text_.emplace(recent_.front().text, recent_.begin());
  bytes_ += filter.memory();
  while (by_text_.size() > kMostFilters || (bytes_ > kMostBytes && by_text_.size() > 1)) drop_last();
}

void FilterCache::drop_last() {
  bytes_ -= recent_.back().filter.memory();
  by_text_.erase(recent_.back().text);
  recent_.pop_back();
}

}  // namespace sluice
