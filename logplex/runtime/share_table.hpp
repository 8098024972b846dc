#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include <boost/smart_ptr/intrusive_ptr.hpp>

namespace sluice {

/// Counts how much of a pool each key holds: connections of an address, streams of an API key, connections of an app.
/// The counts are exact over all shards. Keys are 64-bit values that the caller makes, such as a hash or a slot; equal
/// values share one count.
///
///     std::optional<ShareTable::Share> share = table.take(key, most);
///     if (!share) ...   // refuse the peer, count it
///
/// With `most` 0 a key is limited only when the pool is nearly full: once more than 75 % of the pool is taken, each key
/// may hold its fair share. That is 7/8 of the pool divided by the number of keys that hold any (the asking key
/// included), and at least 1. The last eighth is kept for keys that come later; pools below 16 keep nothing. Without a
/// pool (0), `most` 0 means no limit.
///
/// Any thread. A call takes one of 64 locks for a short time, so it is for connections and streams, not for each
/// request or line. Memory is bounded by what is taken: the entry of a key is removed when its count is 0. Shares may
/// outlive the table.
class ShareTable {
 private:
  struct State;

 public:
  /// One unit of the pool, given back on destruction. Movable; an empty one holds nothing.
  class [[nodiscard]] Share {
   public:
    Share() = default;
    Share(Share&& other) noexcept = default;
    Share& operator=(Share&& other) noexcept {
      state_.swap(other.state_);
      std::swap(key_, other.key_);
      return *this;
    }
    ~Share() { release(); }

    void release();
    std::uint64_t key() const { return key_; }
    explicit operator bool() const { return state_ != nullptr; }

   private:
    friend class ShareTable;
    Share(boost::intrusive_ptr<State> state, std::uint64_t key) : state_(std::move(state)), key_(key) {}
    boost::intrusive_ptr<State> state_;  // a client connection holds two: each pointer counts
    std::uint64_t key_ = 0;
  };

  /// `pool` is the size of the pool, for fair shares. The table itself does not enforce it.
  explicit ShareTable(std::uint64_t pool = 0);

  /// Nothing when the key holds `most` already, or its fair share when `most` is 0.
  std::optional<Share> take(std::uint64_t key, std::uint64_t most);
  /// Takes one without any limit, for peers that are exempt but counted.
  Share take_any(std::uint64_t key);
  /// What take(key, most) would decide now.
  bool may_take(std::uint64_t key, std::uint64_t most) const;
  /// What a key may hold at this moment when `most` is 0; the largest number while the pool is not nearly full.
  std::uint64_t fair_share(std::uint64_t key) const;

  std::uint64_t count(std::uint64_t key) const;
  /// The number of keys that hold any, and the sum of what they hold.
  std::uint64_t keys() const;
  std::uint64_t total() const;

 private:
  friend void intrusive_ptr_add_ref(State* state);
  friend void intrusive_ptr_release(State* state);

  boost::intrusive_ptr<State> state_;
};

}  // namespace sluice
