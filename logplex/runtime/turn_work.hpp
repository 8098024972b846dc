#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "logplex/base/clock.hpp"

namespace sluice {

/// Work of a shard's thread, in about nanoseconds of it: bytes times what a byte costs, not lines. An estimate made
/// beforehand, so that a test can count it.
using Work = std::uint64_t;

/// What every line that is walked over costs beside its bytes, and what a kilobyte of copying or scanning costs.
inline constexpr Work kWorkPerLine = 50;
inline constexpr Work work_of_bytes(std::size_t bytes) { return bytes / 4; }

class TurnWork;

/// Has divisible work, such as a search through a channel's history, and does it in pieces. Intrusive; in at most one
/// queue; leaves it when destroyed. One shard.
class TurnWorker {
 public:
  TurnWorker() = default;
  TurnWorker(const TurnWorker&) = delete;
  TurnWorker& operator=(const TurnWorker&) = delete;

  /// Its turn has come: it may do about `share`, and says with TurnWork::spend() what it did. To go on after that it
  /// asks again.
  virtual void on_share(Work share) = 0;

 protected:
  virtual ~TurnWorker();

 private:
  friend class TurnWork;

  TurnWork* queue_ = nullptr;  // that it waits in
  bool again_ = false;         // it used up a share and goes on: it waits behind those that begin
  TurnWorker* next_ = nullptr;
  TurnWorker* prev_ = nullptr;
};

/// What one shard does in a turn of all work that can be divided, for everybody together: searches, filters, lists,
/// handshakes. So a turn stays short whoever it works for, and however many ask.
///
///     on_news() ─> share() > 0? work, spend() ─> more? ask() ─┐
///                                                             v
///     each turn: kPerTurn ── run(): [begin] [begin] [go on] [go on] ... each gets kSlice, in its order
///
/// Who has a little to do does it at once while nobody waits. Those who wait are served first come, first served, a
/// slice each; one who begins and one who goes on take turns, so that a short job does not wait behind all long ones.
/// A worker that takes longer than it said is charged what the clock says.
///
/// Lives in its Shard; workers leave before they are destroyed.
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
  bool waiting() const { return begin_.first != nullptr || again_.first != nullptr; }

  /// The number of this turn.
  std::uint64_t turn() const { return turn_; }
  /// Everything ever done.
  Work spent() const { return spent_; }
  std::uint64_t slices() const { return slices_; }

  // For the shard.
  void begin_turn() {
    left_ = kPerTurn;
    ++turn_;
  }
  /// Serves those who wait until this turn's work is used up; returns how many it served.
  std::size_t run();

 private:
  struct Queue {
    TurnWorker* first = nullptr;
    TurnWorker* last = nullptr;
  };

  TurnWorker& take_next();
  void unlink(TurnWorker& worker);
  void serve(TurnWorker& worker);

  const Clock& clock_;
  Queue begin_;
  Queue again_;
  TurnWorker* serving_ = nullptr;
  bool begin_is_next_ = true;
  Work left_ = kPerTurn;
  std::uint64_t turn_ = 0;
  Work spent_ = 0;
  std::uint64_t slices_ = 0;
};

}  // namespace sluice
