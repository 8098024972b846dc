#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice {

/// Entries in the order of their keys, for paged listings; copies share structure as in BucketMap, under the same
/// rules. Leaves of up to 256 entries below one vector: 100,000 entries are about 600 leaves.
/// KeyOf: string_view operator()(const T&).
template <class T, class KeyOf>
class SortedPages {
 public:
  using Pointer = std::shared_ptr<const T>;

  /// Adds the entry, or replaces the one with its key.
  void put(Pointer entry) {
    if (leaves_.empty()) leaves_.push_back(std::make_shared<Leaf>());
    const auto key = KeyOf()(*entry);
    const auto leaf = leaf_of(key);
    auto& entries = own(leaf);
    const auto at = lower_bound(entries, key);
    if (at != entries.end() && KeyOf()(**at) == key) {
      *at = std::move(entry);
      return;
    }
    entries.insert(at, std::move(entry));
    if (entries.size() > kLeafMax) split(leaf);
  }

  void erase(std::string_view key) {
    if (leaves_.empty()) return;
    const auto leaf = leaf_of(key);
    auto& entries = own(leaf);
    const auto at = lower_bound(entries, key);
    if (at != entries.end() && KeyOf()(**at) == key) entries.erase(at);
    if (entries.empty()) leaves_.erase(leaves_.begin() + static_cast<std::ptrdiff_t>(leaf));
  }

  /// Up to `limit` entries whose keys sort after `after`, in order. O(limit), not O(size).
  std::vector<const T*> after(std::string_view after, std::size_t limit) const {
    std::vector<const T*> out;
    for (auto leaf = leaves_.empty() ? 0 : leaf_of(after); leaf < leaves_.size() && out.size() < limit; ++leaf)
      for (const auto& entry : *leaves_[leaf])
        if (out.size() < limit && KeyOf()(*entry) > after) out.push_back(entry.get());
    return out;
  }

 private:
  using Leaf = std::vector<Pointer>;
  static constexpr std::size_t kLeafMax = 256;

  static typename Leaf::iterator lower_bound(Leaf& entries, std::string_view key) {
    return std::lower_bound(entries.begin(), entries.end(), key,
                            [](const Pointer& entry, std::string_view wanted) { return KeyOf()(*entry) < wanted; });
  }

  /// The leaf that holds the key or would hold it: the last leaf that does not begin after the key.
  std::size_t leaf_of(std::string_view key) const {
    const auto above =
        std::upper_bound(leaves_.begin() + 1, leaves_.end(), key,
                         [](std::string_view wanted, const auto& leaf) { return wanted < KeyOf()(*leaf->front()); });
    return static_cast<std::size_t>(above - leaves_.begin()) - 1;
  }

  Leaf& own(std::size_t leaf) {
    if (leaves_[leaf].use_count() > 1) leaves_[leaf] = std::make_shared<Leaf>(*leaves_[leaf]);
    return *leaves_[leaf];
  }

  void split(std::size_t leaf) {
    auto& entries = own(leaf);
    const auto middle = entries.begin() + static_cast<std::ptrdiff_t>(entries.size() / 2);
    auto upper = std::make_shared<Leaf>(std::make_move_iterator(middle), std::make_move_iterator(entries.end()));
    entries.erase(middle, entries.end());
    entries.shrink_to_fit();
    leaves_.insert(leaves_.begin() + static_cast<std::ptrdiff_t>(leaf) + 1, std::move(upper));
  }

  std::vector<std::shared_ptr<Leaf>> leaves_;
};

}  // namespace sluice
