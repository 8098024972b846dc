#include "logplex/runtime/task_work.hpp"

namespace sluice {

void TaskWork::on_share(Work share) {
  left_ = charged_ = share;
  good_until_ = turn_.turn() + 1;
  turn_.spend(share);
  given_.set();
}

Task<bool> TaskWork::share() {
  left_ = turn_.share();
  charged_ = 0;
  good_until_ = turn_.turn();
  if (left_ > 0) co_return true;
  turn_.ask(*this);
  const bool given = co_await given_.wait();
  co_return given;
}

}  // namespace sluice
