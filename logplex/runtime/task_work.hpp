#pragma once

#include "logplex/runtime/event.hpp"
#include "logplex/runtime/turn_work.hpp"

namespace sluice {

/// Lets a coroutine use TurnWork: it waits for a share, works, and reports what it did.
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

  /// A share is valid only in the turn in which the task resumes with it; unused parts are not saved up.
  bool may_go_on() const { return left_ > 0 && turn_.turn() <= good_until_; }
  void spend(Work work) {
    const Work charged = std::min(charged_, work);
    charged_ -= charged;
    turn_.spend(work - charged);
    left_ -= std::min(left_, work);
  }
  /// Returns at once when nobody waits and this turn has work left; otherwise when the task is served. False when the
  /// task was cancelled.
  Task<bool> share();
  /// What is left of the share, for work that takes a limit.
  Work left() const { return left_; }

 private:
  void on_share(Work share) override;

  TurnWork& turn_;
  Event given_;
  Work left_ = 0;
  Work charged_ = 0;  // part of `left_` already spent in the turn that gave it; the task runs in the next
  std::uint64_t good_until_ = 0;
};

}  // namespace sluice
