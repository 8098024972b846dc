#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <unordered_map>

#include "logplex/base/clock.hpp"
#include "logplex/runtime/slice_queue.hpp"
#include "logplex/runtime/working_for.hpp"

namespace sluice {

/// Work of a shard's thread, in about nanoseconds of it: bytes times what a byte costs, not lines. An estimate made
/// beforehand, so that a test can count it.
using Work = std::uint64_t;

/// What every line that is walked over costs beside its bytes, and what a kilobyte of copying or scanning costs.
inline constexpr Work kWorkPerLine = 50;
inline constexpr Work work_of_bytes(std::size_t bytes) { return bytes / 4; }

class TurnWork;
class TurnWorker;

/// Whom workers work for: a channel, an API key, a global drain, the node. Exists while it has workers.
struct TurnOwner : InTurn<TurnOwner> {
  std::size_t workers = 0;
  SliceQueue<TurnWorker> waiting;
};

/// Has divisible work, such as a search through a channel's history, and does it in pieces, at the expense of its
/// owner. Intrusive; leaves when destroyed. One shard, which outlives it. Making one may allocate, asking does not.
class TurnWorker : public InTurn<TurnWorker> {
 public:
  TurnWorker(TurnWork& turn, Beneficiary owner);
  TurnWorker(const TurnWorker&) = delete;
  TurnWorker& operator=(const TurnWorker&) = delete;

  /// Its turn has come: it may do about `share`, and says with TurnWork::spend() what it did. To go on after that it
  /// asks again.
  virtual void on_share(Work share) = 0;

 protected:
  virtual ~TurnWorker();

 private:
  friend class TurnWork;

  TurnWork& turn_;
  const Beneficiary whom_;
  TurnOwner& owner_;
};

/// What one shard does in a turn of all work that can be divided, for everybody together: searches, filters, lists,
/// handshakes. So a turn stays short whoever it works for, and however many ask.
///
///     on_news() ─> share() > 0? work, spend() ─> more? ask() ─┐
///                                                             v
///     each turn: kPerTurn ── run(): owner [channel a] [channel b] [key c] ...    a slice each, in turn
///                                           │ │ │       │         │
///                                  workers [tail tail drain]    [tail]  [call]  a slice each when it is the owner's
///                                  turn
///
/// Who has a little to do does it at once while nobody waits. Owners that wait get a slice each, in turn, and so do the
/// workers of each: an owner waits for at most about one slice of each other, however many workers those have. Among
/// owners, and among the workers of one, those who begin and those who go on take turns (see SliceQueue), so that a
/// short job does not wait behind all long ones. A worker that takes longer than it said is charged what the clock
/// says.
///
/// A worker asks only when it can use a share now: a reader whose client does not read waits for that instead.
///
/// Lives in its Shard, which outlives the workers.
class TurnWork {
 public:
  /// Short, because a request of another tenant takes two or three turns, and waits for a whole one each time.
  static constexpr Work kPerTurn = 400'000;
  static constexpr Work kSlice = 100'000;

  explicit TurnWork(const Clock& clock) : clock_(clock) {}
  TurnWork(const TurnWork&) = delete;
  TurnWork& operator=(const TurnWork&) = delete;

  /// What may be done at once: nothing while others wait or when this turn's work is used up.
  Work share() const { return waiting() ? 0 : std::min(left_, kSlice); }
  /// Says what was done, also when it was more than the share.
  void spend(Work work) {
    spent_ += work;
    left_ -= std::min(left_, work);
  }
  /// Calls on_share() in this turn or one of the next; asking twice is the same as once.
  void ask(TurnWorker& worker);
  void leave(TurnWorker& worker);
  bool waiting() const { return !waiting_.empty(); }

  /// The number of this turn.
  std::uint64_t turn() const { return turn_; }
  /// Everything ever done.
  Work spent() const { return spent_; }
  std::uint64_t slices() const { return slices_; }
  /// Those with workers.
  std::size_t owners() const { return owners_.size(); }

  // For the shard.
  void begin_turn() {
    left_ = kPerTurn;
    ++turn_;
  }
  /// Serves those who wait until this turn's work is used up; returns how many it served.
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
