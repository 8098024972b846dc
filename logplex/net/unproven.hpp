#pragma once

#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "logplex/runtime/shard.hpp"

namespace sluice {

class UnprovenList;

/// How many connections of one listener have not shown who they are, over all shards. They may hold `most` in all, once
/// more than 75 % of the listener's `places` are taken (0: from the first on); then one is closed for each newcomer.
/// Each must prove itself within `time` (0: it need not). One per listener; any thread; outlives its lists.
///
/// Where connections prove themselves request by request, those that have just done so count too (count_proven()), and
/// never give way: then `most` is for all of them, and the others get what is left.
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

  /// What one shard tells the others.
  struct Part {
    std::atomic<std::int64_t> silent_since{kNobody};  // its longest silent member
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
  std::atomic<std::int64_t> open_{0};  // all connections that have been in a list
  std::vector<std::unique_ptr<Part>> parts_;
};

enum class NotProven : std::uint8_t {
  kTooLate,  // its time is over
  kCrowded,  // the listener is nearly full, the pool is over its quota, and nobody has been silent for longer
};

/// A connection that has to prove itself: a base of it. Counts as open until end_of_connection(), or until it is
/// destroyed.
class Unproven {
 public:
  explicit Unproven(Wheel& wheel) : deadline_(wheel, *this) {}
  Unproven(const Unproven&) = delete;
  Unproven& operator=(const Unproven&) = delete;

  /// The connection closes itself. It is in no list any more.
  virtual void on_not_proven(NotProven why) = 0;
  /// Bytes have arrived that nobody has read yet: it is not silent. It reads them soon.
  virtual bool has_unread() = 0;

  bool is_listed() const { return list_ != nullptr; }
  /// It has sent something.
  void note_activity();
  /// It has proved itself.
  void leave_unproven();
  /// It has closed, or is about to.
  void end_of_connection();

 protected:
  virtual ~Unproven() { end_of_connection(); }

 private:
  friend class UnprovenList;
  void on_deadline();

  UnprovenPool* pool_ = nullptr;  // counts it as open
  UnprovenList* list_ = nullptr;
  Unproven* next_ = nullptr;
  Unproven* prev_ = nullptr;
  SteadyTime active_{};
  Deadline<&Unproven::on_deadline> deadline_;
};

/// One shard's connections in an UnprovenPool, the longest silent first. When the pool is over its limit, the one
/// silent longest over all shards is closed: at once when it is here, in its shard's next turn when it is elsewhere.
/// One whose bytes have arrived unread is not silent, and who has come in this turn stays for it; after kMostAsked of
/// those nobody is closed for this newcomer, and the list tries again a tick later. Lives on its shard; outlives its
/// members.
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
