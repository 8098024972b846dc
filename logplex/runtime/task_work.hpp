#pragma once

#include "logplex/runtime/event.hpp"
#include "logplex/runtime/turn_work.hpp"

namespace sluice {

/// A coroutine's way to TurnWork: it waits for a share, works, and says what it did.
///
///     TaskWork work(shard, whom);
///     for (...) {
///       if (!work.may_go_on()) {
///         const bool given = co_await work.share();
///         if (!given) co_return;
///       }
///       ...
///       work.spend(n);
///     }
///
/// Lives in the task's frame, or in the part whose only task uses it.
class TaskWork final : private TurnWorker {
 public:
  TaskWork(Shard& shard, Beneficiary owner) : TurnWorker(shard.work(), owner), turn_(shard.work()), given_(shard) {}

  /// A share is good for the turn in which the task was given it; unused parts of it are not saved up.
  bool may_go_on() const { return left_ > 0 && turn_.turn() <= good_until_; }
  void spend(Work work) {
    const Work charged = std::min(charged_, work);
    charged_ -= charged;
    turn_.spend(work - charged);
    left_ -= std::min(left_, work);
  }
  /// At once when nobody waits; else when its turn has come. False when the task was cancelled.
  Task<bool> share();
  /// What is left of the share, for a piece of work that is told how much it may do.
  Work left() const { return left_; }

 private:
  void on_share(Work share) override;

  TurnWork& turn_;
  Event given_;
  Work left_ = 0;
  Work charged_ = 0;  // of that, when it was given: the task runs in the next turn only
  std::uint64_t good_until_ = 0;
};

}  // namespace sluice
