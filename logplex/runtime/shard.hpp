#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include "logplex/base/check.hpp"
#include "logplex/base/clock.hpp"
#include "logplex/base/rng.hpp"
#include "logplex/runtime/mailbox.hpp"
#include "logplex/runtime/poller.hpp"
#include "logplex/runtime/task.hpp"
#include "logplex/runtime/turn_time.hpp"
#include "logplex/runtime/turn_watch.hpp"
#include "logplex/runtime/turn_work.hpp"
#include "logplex/runtime/wheel.hpp"

namespace sluice {

class MetricsPage;
class Runtime;

/// A callback that runs once at the end of the current turn, for example one write of everything gathered. Intrusive:
/// the owner outlives the turn or calls Shard::forget().
class TurnHook {
 public:
  virtual void on_turn_end() = 0;

 protected:
  virtual ~TurnHook() = default;

 private:
  friend class Shard;
  std::uint32_t place_ = 0;  // in the shard's list while queued
  bool queued_ = false;
};

/// Base of objects that are destroyed at the end of the turn, because callers further up the stack may still use them.
class Retired {
 public:
  virtual ~Retired() = default;
};

struct ShardCounters {
  std::uint64_t turns = 0;
  std::uint64_t mails_sent = 0;
  std::uint64_t mails_delayed = 0;    // found a full mailbox and waited
  std::uint64_t turns_backed_up = 0;  // took no new work, because so much mail waited
};

/// One thread with one io_context, and everything that lives on it. All members but wake() are for its own thread.
///
/// A turn: read the clock once; handle a bounded number of hot-socket events; run Asio's handlers, deliver mail from
/// other shards (both bounded); fire due deadlines; do a bounded amount of divisible work; run the turn hooks, which
/// write what was gathered; destroy the retired objects.
class Shard {
 public:
  Shard(Runtime& runtime, std::uint32_t id, Clock& clock);
  ~Shard();

  /// The shard whose turn is running on this thread. Aborts when there is none.
  static Shard& current();
  static Shard* current_or_null();

  std::uint32_t id() const { return id_; }
  Runtime& runtime() { return runtime_; }
  asio::io_context& io() { return io_; }
  Executor executor() { return io_.get_executor(); }
  Poller& poller() { return poller_; }
  Wheel& wheel() { return wheel_; }
  Rng& rng() { return rng_; }
  /// Work that goes on over several turns.
  TurnWork& work() { return work_; }
  TurnWatch& watch() { return watch_; }
  /// Time of this turn.
  SteadyTime now() const { return time_.steady(); }
  WallTime wall_now() const { return time_.wall(); }
  Clock& clock() { return clock_; }
  bool runtime_stopping() const;
  const ShardCounters& counters() const { return counters_; }
  void add_metrics(MetricsPage& page) const;

  /// Runs the hook once at the end of this turn; asking twice is the same as once.
  void at_turn_end(TurnHook& hook);
  void forget(TurnHook& hook);
  void retire(std::unique_ptr<Retired> object) { retired_.push_back(std::move(object)); }

  /// How much mail may wait for room in mailboxes before the shard stops taking new work.
  static constexpr std::size_t kMostMailWaiting = 4096;
  /// Mail to one shard keeps its order. While the mailbox is full, the mail waits here. While kMostMailWaiting wait,
  /// the shard looks at no socket and runs at most one handler of Asio in each tick of its wheel: it takes in mail,
  /// fires deadlines and goes on with work that has begun. So what waits is bounded by that and by what one turn sends.
  void send(std::uint32_t to, std::unique_ptr<Mail> mail);

  /// Runs turns until the runtime stops. Called by the shard's thread.
  void run();
  /// One turn that does not block; true when it did anything. For tests that drive a shard by hand.
  bool turn();
  /// Wakes a blocked shard for another turn. Any thread.
  void wake();

 private:
  friend class Runtime;
  friend class ShardScope;
  using Descriptor = asio::posix::basic_stream_descriptor<Executor>;

  std::size_t take_new_work();
  std::size_t run_handlers(bool hot);
  std::size_t deliver_mail();
  void flush_waiting();
  bool is_backed_up() const { return mails_waiting_ >= kMostMailWaiting; }
  void run_turn_hooks();
  void block();
  void wait_for_hot_sockets();

  Runtime& runtime_;
  const std::uint32_t id_;
  Clock& clock_;
  TurnTime time_;
  Wheel wheel_;
  TurnWork work_;
  TurnWatch watch_;
  SystemRng rng_;
  ShardCounters counters_;
  std::vector<TurnHook*> hooks_;
  std::vector<TurnHook*> running_hooks_;
  std::vector<std::unique_ptr<Retired>> retired_;
  std::vector<std::deque<std::unique_ptr<Mail>>> waiting_;  // per receiver, in order
  std::size_t mails_waiting_ = 0;
  std::atomic<bool> sleeping_{false};
  Poller poller_;
  // Declared after the members above, so that it and its tasks, which use them, are destroyed first.
  asio::io_context io_{1};
  Descriptor poller_descriptor_;
  bool waiting_for_hot_ = false;
  Duration last_turn_{};
  bool handlers_left_ = false;  // the last run of handlers ended at its limit
};

/// Makes a shard the current one for this scope. For tests and start-up, before its thread runs.
class ShardScope {
 public:
  explicit ShardScope(Shard& shard);
  ShardScope(const ShardScope&) = delete;
  ShardScope& operator=(const ShardScope&) = delete;
  ~ShardScope();

 private:
  Shard* before_;
};

/// Base of objects that live on one shard. In debug builds check_shard() aborts when another shard uses the object.
class OnShard {
 public:
  explicit OnShard(Shard& shard) : shard_(shard) {}

 protected:
  ~OnShard() = default;
  Shard& shard() const {
    check_shard();
    return shard_;
  }
  void check_shard() const { SLUICE_DCHECK(Shard::current_or_null() == nullptr || &Shard::current() == &shard_); }

 private:
  Shard& shard_;
};

}  // namespace sluice
