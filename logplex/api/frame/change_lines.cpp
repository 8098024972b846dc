#include "logplex/api/frame/change_lines.hpp"

#include <algorithm>

#include <boost/asio/post.hpp>

#include "logplex/base/metrics.hpp"

namespace sluice::api {

struct ChangeLines::Place::State {
  State(Shard& its_shard, std::size_t its_bytes, bool is_first)
      : shard(its_shard), bytes(std::max<std::size_t>(its_bytes, 1)), first(is_first), told(its_shard) {}
  Shard& shard;
  const std::size_t bytes;
  const bool first;
  bool has_turn = false;  // guarded by ChangeLines::mutex_
  bool knows = false;     // on its shard
  Event told;             // on its shard
};

void ChangeLines::tell(const std::shared_ptr<Place::State>& place) {
  asio::post(place->shard.io(), [place] {
    place->knows = true;
    place->told.set();
  });
}

ChangeLines::Place::Place(ChangeLines& lines, Shard& shard, Beneficiary owner, std::size_t bytes, bool first)
    : lines_(lines), owner_(owner), state_(std::make_shared<State>(shard, bytes, first)) {
  state_->knows = lines_.join(owner_, state_);
}

ChangeLines::Place::~Place() { lines_.leave(owner_, *state_); }

bool ChangeLines::Place::has_turn() const { return state_->knows; }

Task<bool> ChangeLines::Place::turn_within(Duration time) {
  if (!has_turn()) static_cast<void>(co_await state_->told.wait_for(time));
  if (!has_turn()) lines_.given_up_.fetch_add(1, std::memory_order_relaxed);
  co_return has_turn();
}

bool ChangeLines::join(Beneficiary owner, const std::shared_ptr<Place::State>& place) {
  const std::lock_guard lock(mutex_);
  auto& line = lines_[owner.packed()];
  const auto gives_way = [&place](const auto& other) { return place->first && !other->first; };
  line.waiting.insert(std::ranges::find_if(line.waiting, gives_way), place);
  go_on(line, place.get());
  return place->has_turn;
}

void ChangeLines::leave(Beneficiary owner, const Place::State& place) {
  const std::lock_guard lock(mutex_);
  const auto at = lines_.find(owner.packed());
  auto& line = at->second;
  if (place.has_turn)
    line.bytes -= place.bytes;
  else
    std::erase_if(line.waiting, [&place](const auto& waiting) { return waiting.get() == &place; });
  go_on(line);
  if (line.bytes == 0) lines_.erase(at);
}

void ChangeLines::go_on(Line& line, const Place::State* newcomer) {
  while (!line.waiting.empty()) {
    const auto& next = line.waiting.front();
    if (line.bytes > 0 && line.bytes + next->bytes > kBytesAtOnce) return;
    line.bytes += next->bytes;
    next->has_turn = true;
    if (next.get() != newcomer) tell(next);
    line.waiting.pop_front();
  }
}

void ChangeLines::add_metrics(MetricsPage& page) const {
  std::size_t waiting = 0;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [owner, line] : lines_) waiting += line.waiting.size();
  }
  page.gauge("sluice_api_waiting_changes",
             "Changes that wait because their key has reached its limit of changes at the store.",
             static_cast<double>(waiting));
  page.counter("sluice_api_given_up_changes_total",
               "Changes answered 503 because earlier changes of their key took too long.",
               static_cast<double>(given_up_.load(std::memory_order_relaxed)));
}

}  // namespace sluice::api
