#pragma once

#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

#include "logplex/wire/filter.hpp"

namespace sluice {

/// Caches the filters that one thread parsed lately, by their text, so that a filter shared by a drain and its ring, or
/// a repeated search, is compiled once. When there are too many filters, or they may take too much memory, the cache
/// drops the one that was unused for longest; whoever uses that filter keeps it. One thread.
class FilterCache {
 public:
  static constexpr std::size_t kMostFilters = 256;
  static constexpr std::size_t kMostBytes = 16 << 20;  // that their regular expressions may take

  /// nullptr when the text is not cached. Valid until the next add().
  const Filter* find(std::string_view text);
  void add(std::string_view text, const Filter& filter);

  std::size_t size() const { return by_text_.size(); }
  std::size_t bytes() const { return bytes_; }

 private:
  struct Entry {
    std::string text;
    Filter filter;
  };

  void drop_last();

  std::list<Entry> recent_;  // the one used last comes first
  std::unordered_map<std::string_view, std::list<Entry>::iterator> by_text_;
  std::size_t bytes_ = 0;
};

}  // namespace sluice
