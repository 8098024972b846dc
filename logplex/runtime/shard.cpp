#include "logplex/runtime/shard.hpp"

#include <algorithm>

#include <boost/asio/post.hpp>

#include "logplex/base/metrics.hpp"
#include "logplex/runtime/runtime.hpp"

namespace sluice {
namespace {

thread_local Shard* current_shard = nullptr;

/// Handlers and mails of one turn are bounded so that no source starves another.
constexpr std::size_t kHandlersPerTurn = 64;
constexpr std::size_t kMailsPerTurn = 64;
/// No new handler starts after kHandlersTime. A handler is a request, accept or write of one client; a request of
/// another client takes two or three turns, and waits for each of them to end. When other work makes turns long anyway,
/// handlers get 1/kHandlersPart of the last turn's time, at most kMostHandlersTime, so that a new connection does not
/// wait for ten long turns.
constexpr std::chrono::microseconds kHandlersTime{300};
constexpr std::chrono::microseconds kMostHandlersTime{1000};
constexpr int kHandlersPart = 4;
/// The same limit for mail, each of which may carry up to 64 KiB of lines. The clock is read every few mails.
constexpr std::chrono::microseconds kMailTime{500};
constexpr std::size_t kMailsPerLook = 4;
/// While hot sockets are busy, Asio is polled (one epoll_wait) only every few turns, unless it has handlers left to
/// run.
constexpr std::uint64_t kTurnsPerPollWhenHot = 4;

}  // namespace

Shard::Shard(Runtime& runtime, std::uint32_t id, Clock& clock)
    : runtime_(runtime),
      id_(id),
      clock_(clock),
      time_(clock),
      wheel_(time_),
      work_(clock),
      watch_(id),
      poller_descriptor_(io_, poller_.fd()) {}

Shard::~Shard() {
  poller_descriptor_.release();
  ShardScope scope(*this);
  waiting_.clear();
  retired_.clear();
}

Shard& Shard::current() {
  SLUICE_CHECK(current_shard != nullptr);
  return *current_shard;
}

bool Shard::runtime_stopping() const { return runtime_.stopping(); }

Shard* Shard::current_or_null() { return current_shard; }

void Shard::at_turn_end(TurnHook& hook) {
  if (hook.queued_) return;
  hook.queued_ = true;
  hook.place_ = static_cast<std::uint32_t>(hooks_.size());
  hooks_.push_back(&hook);
}

void Shard::forget(TurnHook& hook) {
  if (!hook.queued_) return;
  hook.queued_ = false;
  // Constant time: thousands of connections may close in one turn.
  for (auto* list : {&hooks_, &running_hooks_}) {
    if (hook.place_ < list->size() && (*list)[hook.place_] == &hook) (*list)[hook.place_] = nullptr;
  }
}

void Shard::send(std::uint32_t to, std::unique_ptr<Mail> mail) {
  if (waiting_.empty()) waiting_.resize(runtime_.size());
  if (waiting_[to].empty() && runtime_.mailbox(id_, to).try_push(mail)) {
    ++counters_.mails_sent;
    if (to != id_) runtime_.shard(to).wake();
    return;
  }
  ++counters_.mails_delayed;
  ++mails_waiting_;
  waiting_[to].push_back(std::move(mail));
}

void Shard::flush_waiting() {
  for (std::uint32_t to = 0; to < waiting_.size(); ++to) {
    auto& queue = waiting_[to];
    bool sent = false;
    while (!queue.empty() && runtime_.mailbox(id_, to).try_push(queue.front())) {
      queue.pop_front();
      --mails_waiting_;
      ++counters_.mails_sent;
      sent = true;
    }
    if (sent && to != id_) runtime_.shard(to).wake();
  }
}

void Shard::wake() {
  // Pairs with block(): either the sleeper sees the mail, or we see that it sleeps.
  std::atomic_thread_fence(std::memory_order_seq_cst);
  if (sleeping_.load(std::memory_order_relaxed) && sleeping_.exchange(false)) asio::post(io_, [] {});
}

std::size_t Shard::run_handlers(bool hot) {
  if (hot && !handlers_left_ && counters_.turns % kTurnsPerPollWhenHot != 0) return 0;
  if (io_.stopped()) io_.restart();
  const Duration part = std::clamp<Duration>(last_turn_ / kHandlersPart, kHandlersTime, kMostHandlersTime);
  const SteadyTime until = clock_.steady() + part;
  std::size_t ran = 0;
  do {
    handlers_left_ = io_.poll_one() != 0;
    if (handlers_left_) ++ran;
  } while (handlers_left_ && ran < kHandlersPerTurn && clock_.steady() < until);
  return ran;
}

std::size_t Shard::deliver_mail() {
  const SteadyTime until = clock_.steady() + kMailTime;
  const std::uint32_t shards = runtime_.size();
  const auto first = static_cast<std::uint32_t>(counters_.turns % shards);
  std::size_t delivered = 0;
  for (std::uint32_t i = 0; i < shards; ++i) {
    Mailbox& box = runtime_.mailbox((first + i) % shards, id_);
    for (std::size_t taken = 0; taken < kMailsPerTurn; ++taken) {
      const auto mail = box.try_pop();
      if (mail == nullptr) break;
      mail->deliver();
      if (++delivered % kMailsPerLook == 0 && clock_.steady() >= until) return delivered;
    }
  }
  return delivered;
}

void Shard::run_turn_hooks() {
  // A hook may ask for a turn end again; it then runs at the end of the next turn.
  running_hooks_.swap(hooks_);
  for (std::size_t i = 0; i < running_hooks_.size(); ++i) {
    TurnHook* hook = running_hooks_[i];
    if (hook == nullptr) continue;
    running_hooks_[i] = nullptr;
    hook->queued_ = false;
    hook->on_turn_end();
  }
  running_hooks_.clear();
}

std::size_t Shard::take_new_work() {
  if (is_backed_up()) {
    ++counters_.turns_backed_up;
    return 0;
  }
  const std::size_t events = poller_.poll();
  return events + run_handlers(events != 0);
}

bool Shard::turn() {
  ShardScope scope(*this);
  ++counters_.turns;
  time_.read();
  const SteadyTime began = time_.steady();
  watch_.turn_begins(began);
  work_.begin_turn();
  std::size_t did = take_new_work();
  did += deliver_mail();
  wheel_.advance();
  did += work_.run();
  run_turn_hooks();
  flush_waiting();
  retired_.clear();
  const SteadyTime ended = clock_.steady();
  last_turn_ = ended - began;
  watch_.turn_ends(began, ended);
  return did != 0 || !hooks_.empty() || work_.waiting();
}

void Shard::wait_for_hot_sockets() {
  if (waiting_for_hot_) return;
  waiting_for_hot_ = true;
  poller_descriptor_.async_wait(Descriptor::wait_read, [this](const error_code&) { waiting_for_hot_ = false; });
}

void Shard::block() {
  wait_for_hot_sockets();
  sleeping_.store(true, std::memory_order_seq_cst);
  bool mail = false;
  for (std::uint32_t from = 0; from < runtime_.size(); ++from) mail = mail || !runtime_.mailbox(from, id_).empty();
  if (!mail && !runtime_.stopping()) {
    Duration sleep = wheel_.until_next(clock_.steady());
    if (mails_waiting_ > 0) sleep = std::min<Duration>(sleep, Wheel::kTick);
    ShardScope scope(*this);
    if (io_.stopped()) io_.restart();
    time_.sleeps();
    const SteadyTime before = clock_.steady();
    io_.run_one_for(sleep);
    watch_.slept(clock_.steady() - before);
  }
  sleeping_.store(false, std::memory_order_relaxed);
}

void Shard::run() {
  watch_.on_thread();
  while (!runtime_.stopping()) {
    if (!turn()) block();
  }
}

void Shard::add_metrics(MetricsPage& page) const {
  watch_.add_metrics(page);
  page.counter("sluice_shard_turns_total", "Turns of the shards' loops.", counters_.turns);
  page.counter("sluice_shard_mails_sent_total", "Messages between shards.", counters_.mails_sent);
  page.counter("sluice_shard_mails_delayed_total", "Messages that waited for room in a mailbox.",
               counters_.mails_delayed);
  page.counter("sluice_shard_turns_backed_up_total",
               "Turns without new work, because much mail waited for other shards.", counters_.turns_backed_up);
}

ShardScope::ShardScope(Shard& shard) : before_(current_shard) { current_shard = &shard; }

ShardScope::~ShardScope() { current_shard = before_; }

}  // namespace sluice
