#include "logplex/api/frame/changes.hpp"

#include "logplex/model/config_error.hpp"

namespace sluice::api {
namespace {

Error not_made() {
  return {ConfigError::kUnavailable,
          "earlier changes by this key, or by keys that share its limits, took too long; this change was not made"};
}

}  // namespace

Task<result<Applied, Error>> Changes::make(Change change, Beneficiary owner, std::size_t cost, bool first) {
  const SteadyTime until = shard().now() + patience_;
  auto wait = std::make_shared<Wait>();
  if (owner != Beneficiary{}) {
    wait->place.emplace(lines_, shard(), owner, cost, first);
    const bool its_turn = co_await wait->place->turn_within(patience_);
    if (!its_turn) co_return not_made();
  }
  waits_.spawn(ask(std::move(change), wait));
  auto outcome = co_await wait->reply.get_within(until - shard().now());
  if (outcome) co_return std::move(*outcome);
  co_return Error{ConfigError::kUnavailable,
                  "the store did not confirm the change in time; the change may still take effect"};
}

Task<void> Changes::ask(Change change, std::shared_ptr<Wait> wait) {
  auto outcome = co_await store_.apply(std::move(change));
  wait->place.reset();
  wait->reply.set(std::move(outcome));
}

}  // namespace sluice::api
