#include "logplex/net/unproven.hpp"

#include <algorithm>
#include <utility>

namespace sluice {

namespace {

std::int64_t bounded(std::uint64_t connections) {
  return static_cast<std::int64_t>(std::clamp<std::uint64_t>(connections, 1, 1U << 30));
}

}  // namespace

UnprovenPool::UnprovenPool(std::uint32_t shards, std::uint64_t most, Duration time, std::uint64_t places)
    : most_(bounded(most)), nearly_full_(places == 0 ? 0 : bounded(places) * 3 / 4), time_(time) {
  for (std::uint32_t id = 0; id < shards; ++id) parts_.push_back(std::make_unique<Part>());
}

/// The shard with the connection that has been silent for longest.
std::uint32_t UnprovenPool::longest_silent() const {
  const auto longer = [](const auto& a, const auto& b) {
    return a->silent_since.load(std::memory_order_relaxed) < b->silent_since.load(std::memory_order_relaxed);
  };
  return static_cast<std::uint32_t>(std::min_element(parts_.begin(), parts_.end(), longer) - parts_.begin());
}

void Unproven::note_activity() {
  if (list_ != nullptr) list_->move_last(*this);
}

void Unproven::leave_unproven() {
  if (list_ != nullptr) list_->remove(*this);
}

void Unproven::end_of_connection() {
  leave_unproven();
  if (pool_ != nullptr) pool_->open_.fetch_sub(1, std::memory_order_relaxed);
  pool_ = nullptr;
}

void Unproven::on_deadline() {
  leave_unproven();
  on_not_proven(NotProven::kTooLate);
}

UnprovenList::UnprovenList(Shard& shard, UnprovenPool& pool)
    : OnShard(shard), pool_(pool), retry_(shard.wheel(), *this) {
  pool_.parts_[shard.id()]->list = this;
}

UnprovenList::~UnprovenList() {
  while (first_ != nullptr) remove(*first_);
}

void UnprovenList::add(Unproven& connection) {
  if (connection.pool_ == nullptr) pool_.open_.fetch_add(1, std::memory_order_relaxed);
  connection.pool_ = &pool_;
  connection.list_ = this;
  if (pool_.time_ > Duration{0}) connection.deadline_.arm(pool_.time_);
  link_last(connection);
  publish();
  pool_.count_.fetch_add(1, std::memory_order_relaxed);
  make_room();
}

void UnprovenList::link_last(Unproven& connection) {
  connection.active_ = shard().now();
  connection.prev_ = last_;
  connection.next_ = nullptr;
  (last_ == nullptr ? first_ : last_->next_) = &connection;
  last_ = &connection;
}

void UnprovenList::unlink(Unproven& connection) {
  (connection.prev_ == nullptr ? first_ : connection.prev_->next_) = connection.next_;
  (connection.next_ == nullptr ? last_ : connection.next_->prev_) = connection.prev_;
}

void UnprovenList::move_last(Unproven& connection) {
  unlink(connection);
  link_last(connection);
  publish();
}

void UnprovenList::remove(Unproven& connection) {
  unlink(connection);
  connection.deadline_.disarm();
  connection.list_ = nullptr;
  pool_.count_.fetch_sub(1, std::memory_order_relaxed);
  publish();
}

/// The newcomer stays. So for a moment the pool may have one connection too many for each shard that is about to close
/// one.
void UnprovenList::make_room() {
  if (!pool_.is_over() || pool_.count() == 0) return;
  const std::uint32_t where = pool_.longest_silent();
  if (where == shard().id()) return close_first();
  UnprovenList* list = pool_.parts_[where]->list;
  shard().send(where, make_mail([list] { list->give_room(); }));
}

/// Called for another shard. If earlier calls have emptied this list, the pool looks for the next shard.
void UnprovenList::give_room() {
  if (!pool_.is_over() || pool_.count() == 0) return;
  first_ != nullptr ? close_first() : make_room();
}

/// Too few connections could be closed so far. The list must retry by itself: a full listener takes no newcomer that
/// would trigger it.
void UnprovenList::on_retry() {
  for (int i = 0; i < kMostAsked && !retry_.armed(); ++i) make_room();
  if (pool_.is_over() && first_ != nullptr) retry_.arm(Wheel::kTick);
}

/// Spares connections that came, sent something or were checked in this turn.
void UnprovenList::close_first() {
  for (int asked = 0; first_ != nullptr && first_->active_ < shard().now() && asked < kMostAsked; ++asked) {
    Unproven& connection = *first_;
    if (connection.has_unread()) {
      move_last(connection);
      continue;
    }
    connection.end_of_connection();
    return connection.on_not_proven(NotProven::kCrowded);
  }
  if (!retry_.armed()) retry_.arm(Wheel::kTick);
}

void UnprovenList::publish() {
  const std::int64_t since = first_ == nullptr ? UnprovenPool::kNobody : first_->active_.time_since_epoch().count();
  pool_.parts_[shard().id()]->silent_since.store(since, std::memory_order_relaxed);
}

}  // namespace sluice
