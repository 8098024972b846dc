#include <algorithm>

#include "logplex/channel/fabric.hpp"
#include "logplex/channel/outbox.hpp"

// Outbox::settled(): waits until the owners have what was appended. All callers that begin to wait in one turn share a
// round. At the end of the turn, after the batches, the outbox sends one mark to each owner that may still lack lines,
// and the owner sends the mark back. While kMostRounds rounds are under way, new callers share the next round, so that
// waiting uses few batches.

namespace sluice {
namespace {

constexpr std::size_t kMostRounds = 2;

}  // namespace

/// Registers a caller in its round, and removes it when the wait ends early.
struct Outbox::Waiter {
  Waiter(Outbox& owner, Shard& shard)
      : outbox(owner), ready(shard), round(owner.first_round_ + owner.rounds_.size() - 1) {
    outbox.rounds_.back().waiters.push_back(&ready);
  }
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;
  ~Waiter() {
    if (!done()) std::erase(outbox.rounds_[round - outbox.first_round_].waiters, &ready);
  }
  bool done() const { return round < outbox.first_round_; }

  Outbox& outbox;
  Event ready;
  std::uint64_t round;
};

bool Outbox::unsettled() const {
  return std::any_of(lanes_.begin(), lanes_.end(), [](const Lane& lane) { return lane.taken > lane.settled; });
}

Task<bool> Outbox::settled() {
  if (!unsettled()) co_return true;
  Waiter waiter(*this, shard());
  shard().at_turn_end(turn_end_);
  co_await waiter.ready.wait();
  co_return waiter.done();
}

bool Outbox::may_begin_round() const { return !rounds_.back().waiters.empty() && rounds_.size() <= kMostRounds; }

void Outbox::begin_round() {
  const std::uint64_t round = first_round_ + rounds_.size() - 1;
  for (std::uint32_t to = 0; to < lanes_.size(); ++to) {
    if (lanes_[to].sent == lanes_[to].settled) continue;
    ++rounds_.back().missing;
    send_mark(to, round);
  }
  rounds_.emplace_back();
  end_rounds();
}

void Outbox::send_mark(std::uint32_t to, std::uint64_t round) {
  const std::uint32_t from = shard().id();
  shard().send(to, make_mail([&fabric = fabric_, from, to, batches = lanes_[to].sent, round] {
                 Shard::current().send(from, make_mail([&fabric, from, to, batches, round] {
                                         fabric.shard(from).outbox_.on_mark_back(to, batches, round);
                                       }));
               }));
}

void Outbox::on_mark_back(std::uint32_t from, std::uint64_t batches, std::uint64_t round) {
  lanes_[from].settled = std::max(lanes_[from].settled, batches);
  --rounds_[round - first_round_].missing;
  end_rounds();
}

/// Rounds end in order, because each round asks the same owners as the one before, or fewer.
void Outbox::end_rounds() {
  while (rounds_.size() > 1 && rounds_.front().missing == 0) {
    const std::vector<Event*> waiters = std::move(rounds_.front().waiters);
    rounds_.pop_front();
    ++first_round_;
    for (Event* ready : waiters) ready->set();
  }
  if (may_begin_round()) shard().at_turn_end(turn_end_);
}

}  // namespace sluice
