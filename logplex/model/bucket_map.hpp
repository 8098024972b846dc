#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace sluice {

/// A hash map whose copies share structure: 4096 buckets below 64 pages. Copying it copies 64 pointers; a change after
/// that copies one page and one bucket, whatever the size. Pages and buckets that only one map holds are changed in
/// place.
///
///     map -> 64 pages -> 64 buckets each -> tags[], entries[]
///
/// Entries are immutable and shared between copies. Any thread may read, without lock or allocation, while nobody
/// changes this copy. All copies must be changed and destroyed by one thread.
template <class T>
class BucketMap {
 public:
  using Pointer = std::shared_ptr<const T>;

  std::size_t size() const { return size_; }

  /// The entry with this hash for which match(const T&) holds, or null.
  template <class Match>
  const Pointer* find(std::uint64_t hash, Match&& match) const {
    const auto& page = pages_[page_of(hash)];
    if (!page) return nullptr;
    const auto& bucket = page->buckets[bucket_of(hash)];
    if (!bucket) return nullptr;
    const auto at = bucket->position(tag_of(hash), match);
    return at == kNowhere ? nullptr : &bucket->entries[at];
  }

  /// Adds the entry, or replaces the one that matches.
  template <class Match>
  void put(std::uint64_t hash, Pointer entry, Match&& match) {
    auto& bucket = own_bucket(hash);
    const auto at = bucket.position(tag_of(hash), match);
    if (at != kNowhere) {
      bucket.entries[at] = std::move(entry);
      return;
    }
    bucket.add(tag_of(hash), std::move(entry));
    ++size_;
  }

  /// True when an entry matched and was removed.
  template <class Match>
  bool erase(std::uint64_t hash, Match&& match) {
    if (find(hash, match) == nullptr) return false;
    auto& bucket = own_bucket(hash);
    bucket.remove(bucket.position(tag_of(hash), match));
    --size_;
    return true;
  }

  /// Calls visit(const T&) for each entry, in no useful order.
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (const auto& page : pages_) {
      if (!page) continue;
      for (const auto& bucket : page->buckets)
        if (bucket)
          for (const auto& entry : bucket->entries) visit(*entry);
    }
  }

 private:
  static constexpr std::size_t kFanOut = 64;
  static constexpr std::size_t kNowhere = ~std::size_t{0};

  /// Grows by exactly one entry: with 25 entries a bucket, spare capacity would cost more than copying.
  struct Bucket {
    std::vector<std::uint32_t> tags;
    std::vector<Pointer> entries;

    template <class Match>
    std::size_t position(std::uint32_t tag, Match&& match) const {
      for (std::size_t i = 0; i < tags.size(); ++i)
        if (tags[i] == tag && match(*entries[i])) return i;
      return kNowhere;
    }
    void add(std::uint32_t tag, Pointer entry) {
      tags.reserve(tags.size() + 1);
      entries.reserve(entries.size() + 1);
      tags.push_back(tag);
      entries.push_back(std::move(entry));
    }
    void remove(std::size_t at) {
      tags[at] = tags.back();
      std::swap(entries[at], entries.back());
      tags.pop_back();
      entries.pop_back();
    }
  };
  struct Page {
    std::array<std::shared_ptr<Bucket>, kFanOut> buckets;
  };

  static std::size_t page_of(std::uint64_t hash) { return hash >> 58; }
  static std::size_t bucket_of(std::uint64_t hash) { return (hash >> 52) & (kFanOut - 1); }
  static std::uint32_t tag_of(std::uint64_t hash) { return static_cast<std::uint32_t>(hash); }

  /// The object behind the pointer, ready to change: copied first when another map shares it.
  template <class U>
  static U& own(std::shared_ptr<U>& shared) {
    if (!shared)
      shared = std::make_shared<U>();
    else if (shared.use_count() > 1)
      shared = std::make_shared<U>(*shared);
    return *shared;
  }
  Bucket& own_bucket(std::uint64_t hash) { return own(own(pages_[page_of(hash)]).buckets[bucket_of(hash)]); }

  std::array<std::shared_ptr<Page>, kFanOut> pages_;
  std::size_t size_ = 0;
};

}  // namespace sluice
