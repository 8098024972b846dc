#pragma once

#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

#include "logplex/wire/filter.hpp"

namespace sluice {

/// The filters that one thread parsed lately, by their text: a drain's and its ring's, a search asked again and again,
/// are compiled once. The one that was not asked for longest goes when there are too many, or they may take too much
/// memory; who still uses it keeps it. One thread.
class FilterCache {
 public:
  static constexpr std::size_t kMostFilters = 256;
  static constexpr std::size_t kMostBytes = 16 << 20;  // that their regular expressions may come to take

  /// Valid until the next add(). nullptr when it is not known.
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
