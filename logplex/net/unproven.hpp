#pragma once

#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "logplex/runtime/shard.hpp"

namespace sluice {

class UnprovenList;

/// Counts the connections of one listener, over all shards, that have not proved who they are. Once more than 75 % of
/// the listener's `places` are taken (0: always), at most `most` of them may stay, and one is closed for each newcomer.
/// Each must prove itself within `time` (0: no limit). One per listener; any thread; outlives its lists.
///
/// Where each request proves itself, connections with a proven request under way count too (count_proven()) but are
/// never closed for a newcomer. Then `most` covers both, and unproven connections get what the proven ones leave.
class UnprovenPool {
 public:
  UnprovenPool(std::uint32_t shards, std::uint64_t most, Duration time, std::uint64_t places = 0);

  std::uint64_t count() const { return static_cast<std::uint64_t>(count_.load(std::memory_order_relaxed)); }
  void count_proven(std::int64_t more) { proven_.fetch_add(more, std::memory_order_relaxed); }
  std::uint64_t most() const { return static_cast<std::uint64_t>(most_); }

 private:
  friend class Unproven;
  friend class UnprovenList;
  static constexpr std::int64_t kNobody = std::numeric_limits<std::int64_t>::max();

  /// What one shard publishes for the others.
  struct Part {
    std::atomic<std::int64_t> silent_since{kNobody};  // since when its longest silent connection is silent
    UnprovenList* list = nullptr;                     // set before the shards run
  };

  bool is_over() const {
    const std::int64_t counted = count_.load(std::memory_order_relaxed) + proven_.load(std::memory_order_relaxed);
    return counted > most_ && open_.load(std::memory_order_relaxed) > nearly_full_;
  }
  std::uint32_t longest_silent() const;

  const std::int64_t most_;
  const std::int64_t nearly_full_;
  const Duration time_;
  std::atomic<std::int64_t> count_{0};
  std::atomic<std::int64_t> proven_{0};
  std::atomic<std::int64_t> open_{0};  // open connections that are or were in a list
  std::vector<std::unique_ptr<Part>> parts_;
};

enum class NotProven : std::uint8_t {
  kTooLate,  // it did not prove itself in time
  kCrowded,  // the listener is nearly full, the pool is over `most`, and this one has been silent longest
};

/// Base class of a connection that has to prove itself. Counts as open until end_of_connection(), or until it is
/// destroyed.
class Unproven {
 public:
  explicit Unproven(Wheel& wheel) : deadline_(wheel, *this) {}
  Unproven(const Unproven&) = delete;
  Unproven& operator=(const Unproven&) = delete;

  /// Must close the connection. It has left its list already.
  virtual void on_not_proven(NotProven why) = 0;
  /// True when unread bytes have arrived, so that it is not silent. Then it must read them soon.
  virtual bool has_unread() = 0;

  bool is_listed() const { return list_ != nullptr; }
  /// Call it when the client has sent something.
  void note_activity();
  /// Call it when the connection has proved itself.
  void leave_unproven();
  /// Call it when the connection has closed, or is about to.
  void end_of_connection();

 protected:
  virtual ~Unproven() { end_of_connection(); }

 private:
  friend class UnprovenList;
  void on_deadline();

  UnprovenPool* pool_ = nullptr;  // the pool that counts it as open
  UnprovenList* list_ = nullptr;
  Unproven* next_ = nullptr;
  Unproven* prev_ = nullptr;
  SteadyTime active_{};
  Deadline<&Unproven::on_deadline> deadline_;
};

/// One shard's connections in an UnprovenPool, the longest silent first. When the pool is over its limit, the
/// connection that has been silent longest over all shards is closed: at once if it is on this shard, otherwise in its
/// own shard's next turn. A connection with unread bytes does not count as silent, and one that came in this turn is
/// spared. After kMostAsked such connections none is closed for this newcomer, and the list tries again a tick later.
/// Lives on its shard; outlives its members.
class UnprovenList final : public OnShard {
 public:
  static constexpr int kMostAsked = 16;

  UnprovenList(Shard& shard, UnprovenPool& pool);
  ~UnprovenList();

  void add(Unproven& connection);
  UnprovenPool& pool() { return pool_; }

 private:
  friend class Unproven;

  void link_last(Unproven& connection);
  void unlink(Unproven& connection);
  void move_last(Unproven& connection);
  void remove(Unproven& connection);
  void make_room();
  void give_room();
  void on_retry();
  void close_first();
  void publish();

  UnprovenPool& pool_;
  Unproven* first_ = nullptr;
  Unproven* last_ = nullptr;
  Deadline<&UnprovenList::on_retry> retry_;
};

}  // namespace sluice
