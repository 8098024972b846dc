#include "logplex/api/changes.hpp"

#include "logplex/model/config_error.hpp"

namespace sluice {

Task<result<Applied, Error>> Changes::make(Change change) {
  auto wait = std::make_shared<Wait>(shard());
  waits_.spawn(ask(std::move(change), wait));
  const bool ended = co_await wait->ended.wait_for(patience_);
  if (!ended || !wait->outcome)
    co_return Error{ConfigError::kUnavailable, "the store did not take the change in time; it may still be made"};
  co_return std::move(*wait->outcome);
}

Task<void> Changes::ask(Change change, std::shared_ptr<Wait> wait) {
  auto outcome = co_await store_.apply(std::move(change));
  wait->outcome.emplace(std::move(outcome));
  wait->ended.set();
}

}  // namespace sluice
