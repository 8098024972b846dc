#include "logplex/api/changes.hpp"

#include <variant>

#include "logplex/model/config_error.hpp"

namespace sluice {
namespace {

/// An entry takes Redis 36 us, and a KiB of a value 26 us (its SLOWLOG, 2026-11-29). A list of tokens that replaces
/// another one writes twice as many entries as it names.
constexpr std::size_t kBytesOfAnEntry = 4 << 10;

std::size_t entries_of(const Change& change) {
  if (const auto* put = std::get_if<PutChannel>(&change)) return 1 + (put->tokens ? put->tokens->size() : 0);
  if (const auto* create = std::get_if<CreateChannel>(&change)) return 1 + create->tokens.size();
  // Its tokens and drains go with it, however many.
  if (std::holds_alternative<DeleteChannel>(change)) return ChangeLines::kBytesAtOnce / kBytesOfAnEntry;
  return 1;
}

}  // namespace

Task<result<Applied, Error>> Changes::make(Change change, Beneficiary owner, std::size_t bytes) {
  auto wait = std::make_shared<Wait>(shard());
  bytes += entries_of(change) * kBytesOfAnEntry;
  waits_.spawn(ask(std::move(change), owner, bytes, wait));
  const bool ended = co_await wait->ended.wait_for(patience_);
  if (ended && wait->outcome) co_return std::move(*wait->outcome);
  wait->given_up = true;
  if (!wait->with_store)
    co_return Error{
        ConfigError::kUnavailable,
        "other changes of this key, or of those that share its limits, took too long; this one was not made"};
  co_return Error{ConfigError::kUnavailable, "the store did not take the change in time; it may still be made"};
}

Task<void> Changes::ask(Change change, Beneficiary owner, std::size_t bytes, std::shared_ptr<Wait> wait) {
  std::optional<ChangeLines::Place> place;
  if (owner != Beneficiary{}) {
    place.emplace(lines_, shard(), owner, bytes);
    const bool its_turn = co_await place->turn();
    if (!its_turn || wait->given_up) co_return;
  }
  wait->with_store = true;
  auto outcome = co_await store_.apply(std::move(change));
  wait->outcome.emplace(std::move(outcome));
  wait->ended.set();
}

}  // namespace sluice
