#include "logplex/api/changes.hpp"

#include <variant>

#include "logplex/base/metrics.hpp"
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
  if (std::holds_alternative<DeleteChannel>(change)) return Changes::kBytesAtOnce / kBytesOfAnEntry;
  return 1;
}

}  // namespace

/// Held while a change is with the store.
class Changes::Turn {
 public:
  Turn(Changes& changes, Lines::iterator line, std::size_t bytes) : changes_(changes), line_(line), bytes_(bytes) {}
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  ~Turn() { changes_.end_turn(line_, bytes_); }

 private:
  Changes& changes_;
  const Lines::iterator line_;
  const std::size_t bytes_;
};

Task<result<Applied, Error>> Changes::make(Change change, Beneficiary owner, std::size_t bytes) {
  auto wait = std::make_shared<Wait>(shard(), bytes + entries_of(change) * kBytesOfAnEntry);
  waits_.spawn(ask(std::move(change), owner, wait));
  const bool ended = co_await wait->ended.wait_for(patience_);
  if (ended && wait->outcome) co_return std::move(*wait->outcome);
  wait->given_up = true;
  if (!wait->has_turn)
    co_return Error{ConfigError::kUnavailable, "other changes of this key took too long; this one was not made"};
  co_return Error{ConfigError::kUnavailable, "the store did not take the change in time; it may still be made"};
}

Task<void> Changes::ask(Change change, Beneficiary owner, std::shared_ptr<Wait> wait) {
  std::optional<Turn> turn;
  if (owner != Beneficiary{}) {
    const auto line = lines_.try_emplace(owner.packed()).first;
    line->second.waiting.push_back(wait);
    go_on(line->second);
    while (!wait->has_turn)
      if (!co_await wait->turn.wait()) co_return;
    turn.emplace(*this, line, wait->bytes);
    if (wait->given_up) co_return;
  }
  wait->has_turn = true;
  auto outcome = co_await store_.apply(std::move(change));
  wait->outcome.emplace(std::move(outcome));
  wait->ended.set();
}

void Changes::go_on(Line& line) {
  while (!line.waiting.empty()) {
    Wait& next = *line.waiting.front();
    if (line.bytes > 0 && line.bytes + next.bytes > kBytesAtOnce) return;
    line.bytes += next.bytes;
    next.has_turn = true;
    next.turn.set();
    line.waiting.pop_front();
  }
}

void Changes::end_turn(Lines::iterator line, std::size_t bytes) {
  line->second.bytes -= bytes;
  go_on(line->second);
  if (line->second.bytes == 0) lines_.erase(line);
}

void Changes::add_metrics(MetricsPage& page) const {
  std::size_t waiting = 0;
  for (const auto& [owner, line] : lines_) waiting += line.waiting.size();
  page.gauge("sluice_api_waiting_changes", "Changes that wait because their key has as many with the store as it may.",
             static_cast<double>(waiting));
}

}  // namespace sluice
