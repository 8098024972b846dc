#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <unordered_map>

#include "logplex/base/clock.hpp"
#include "logplex/runtime/slice_queue.hpp"
#include "logplex/runtime/working_for.hpp"

namespace sluice {

/// Work of a shard's thread, roughly in nanoseconds: bytes times the cost of a byte, not lines. It is estimated
/// beforehand, so that a test can count it.
using Work = std::uint64_t;

/// The cost of walking over one line, beside its bytes; and the cost of copying or scanning bytes.
inline constexpr Work kWorkPerLine = 50;
inline constexpr Work work_of_bytes(std::size_t bytes) { return bytes / 4; }

class TurnWork;
class TurnWorker;

/// The owner that workers work for: a channel, an API key, a global drain or the node. Exists while it has workers.
struct TurnOwner : InTurn<TurnOwner> {
  std::size_t workers = 0;
  SliceQueue<TurnWorker> waiting;
};

/// Does divisible work, such as a search through a channel's history, in pieces that are charged to its owner.
/// Intrusive; leaves the queue when destroyed. One shard, which outlives it. Making a worker may allocate; asking does
/// not.
class TurnWorker : public InTurn<TurnWorker> {
 public:
  TurnWorker(TurnWork& turn, Beneficiary owner);
  TurnWorker(const TurnWorker&) = delete;
  TurnWorker& operator=(const TurnWorker&) = delete;

  /// Called when the worker is served: it may do about `share`, and reports what it did with TurnWork::spend(). To
  /// continue, it asks again.
  virtual void on_share(Work share) = 0;

 protected:
  virtual ~TurnWorker();

 private:
  friend class TurnWork;

  TurnWork& turn_;
  const Beneficiary whom_;
  TurnOwner& owner_;
};

/// Limits the divisible work that one shard does in a turn, for all owners together: searches, filters, lists,
/// handshakes. So a turn stays short, whomever it works for and however many ask.
///
///     on_news() ─> share() > 0? work, spend() ─> more? ask() ─┐
///                                                             v
///     each turn: kPerTurn ── run(): owner [channel a] [channel b] [key c] ...    a slice each, in turn
///                                           │ │ │       │         │
///                                  workers [tail tail drain]    [tail]  [call]  a slice each in their owner's turn
///
/// While nobody waits, a worker with a little to do does it at once. Waiting owners get a slice each, in turn, and so
/// do the workers of each owner. So an owner waits for at most about one slice of each other owner, however many
/// workers those have. New waiters and those that go on alternate, among owners and among the workers of one owner (see
/// SliceQueue), so that a short job does not wait behind all long ones. A worker that takes longer than it reports is
/// charged the time on the clock.
///
/// A worker asks only when it can use a share now: a reader whose client does not read waits for the client first.
///
/// Lives in its Shard, which outlives the workers.
class TurnWork {
 public:
  /// Short, because a request of another tenant takes two or three turns, and waits for each of them to end.
  static constexpr Work kPerTurn = 400'000;
  static constexpr Work kSlice = 100'000;

  explicit TurnWork(const Clock& clock) : clock_(clock) {}
  TurnWork(const TurnWork&) = delete;
  TurnWork& operator=(const TurnWork&) = delete;

  /// How much may be done at once: 0 while others wait or when this turn's work is used up.
  Work share() const { return waiting() ? 0 : std::min(left_, kSlice); }
  /// Reports work that was done, also when it was more than the share.
  void spend(Work work) {
    spent_ += work;
    left_ -= std::min(left_, work);
  }
  /// Has on_share() called in this turn or one of the next; asking twice is the same as once.
  void ask(TurnWorker& worker);
  void leave(TurnWorker& worker);
  bool waiting() const { return !waiting_.empty(); }

  /// The number of this turn.
  std::uint64_t turn() const { return turn_; }
  /// All work done so far.
  Work spent() const { return spent_; }
  std::uint64_t slices() const { return slices_; }
  /// The number of owners that have workers.
  std::size_t owners() const { return owners_.size(); }

  // For the shard.
  void begin_turn() {
    left_ = kPerTurn;
    ++turn_;
  }
  /// Serves waiting workers until this turn's work is used up; returns how many it served.
  std::size_t run();

 private:
  friend class TurnWorker;

  TurnOwner& join(Beneficiary whom);
  void part(TurnWorker& worker);
  TurnWorker& take_next();
  void serve(TurnWorker& worker);

  const Clock& clock_;
  std::unordered_map<std::uint64_t, TurnOwner> owners_;  // by Beneficiary::packed()
  SliceQueue<TurnOwner> waiting_;
  Work left_ = kPerTurn;
  std::uint64_t turn_ = 0;
  Work spent_ = 0;
  std::uint64_t slices_ = 0;
};

}  // namespace sluice
