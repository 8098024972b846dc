#include "logplex/runtime/turn_watch.hpp"

#include <pthread.h>

#include <algorithm>
#include <utility>

#include "logplex/base/log.hpp"
#include "logplex/runtime/runtime.hpp"
#include "logplex/runtime/thread_cpu.hpp"

namespace sluice {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// A turn with less wall time than this counts with its wall time.
constexpr Duration kShort = milliseconds(1);
constexpr Duration kLogPeriod = seconds(10);
/// The watchdog logs a turn once it has taken this much wall time.
constexpr Duration kStuck = seconds(5);

double in_seconds(Duration time) { return std::chrono::duration<double>(time).count(); }

std::int64_t in_ms(Duration time) { return std::chrono::duration_cast<milliseconds>(time).count(); }

}  // namespace

const char* to_text(Beneficiary::Kind kind) {
  constexpr const char* kNames[] = {"nobody", "app", "channel", "drain", "call", "sender", "store", "key"};
  return kNames[static_cast<std::size_t>(kind)];
}

void TurnWatch::on_thread() {
  works_for_.store(&WorkingFor::now(), std::memory_order_release);
  mark();
}

void TurnWatch::mark() {
  mark_ = thread_cpu();
  since_mark_ = Duration{0};
}

void TurnWatch::turn_ends(SteadyTime began, SteadyTime ended) {
  const Duration wall = ended - began;
  if (wall < kShort && carried_ == Duration{0}) {
    since_mark_ += wall;
    turns_.count(in_seconds(wall));
    if (since_mark_ >= kShort) mark();
    return;
  }
  const Duration used = thread_cpu() - mark_ - since_mark_;
  mark();
  note(std::clamp(used, Duration{0}, wall) + std::exchange(carried_, Duration{0}));
}

void TurnWatch::slept(Duration wall) {
  began_.store(0, std::memory_order_relaxed);
  if (wall < kShort) {
    since_mark_ += wall;
    return;
  }
  const Duration used = std::max(thread_cpu() - mark_ - since_mark_, Duration{0});
  mark();
  if (used >= kShort) carried_ += used;
}

void TurnWatch::note(Duration turn) {
  turns_.count(in_seconds(turn));
  longest_ = std::max(longest_, turn);
  if (warning_ > Duration{0} && turn >= warning_) warn(turn);
  suspect_.store(0, std::memory_order_relaxed);
}

void TurnWatch::warn(Duration turn) {
  const std::uint64_t suspect = suspect_.exchange(0, std::memory_order_relaxed);
  const Beneficiary last = WorkingFor::take_last();
  const Beneficiary whom = suspect != 0 ? Beneficiary::unpacked(suspect) : last;
  ++over_;
  const SteadyTime now = std::chrono::steady_clock::now();
  if (told_at_ != SteadyTime{} && now - told_at_ < kLogPeriod) {
    ++untold_;
    return;
  }
  told_at_ = now;
  log_warning("a turn of a shard took longer than process.turn_warning",
              {{"shard", shard_},
               {"cpu_ms", in_ms(turn)},
               {"for", to_text(whom.kind)},
               {"name", namer_ ? namer_(whom) : std::string()},
               {"number", whom.number},
               {"more_since_last", std::exchange(untold_, 0)}});
}

void TurnWatch::look(SteadyTime now) {
  const std::int64_t began = began_.load(std::memory_order_relaxed);
  const auto* works_for = works_for_.load(std::memory_order_acquire);
  if (began == 0 || works_for == nullptr) return;
  const Duration lasts = now.time_since_epoch() - Duration(began);
  if (lasts < warning_ / 2) return;
  const std::uint64_t whom = works_for->load(std::memory_order_relaxed);
  if (whom != 0) suspect_.store(whom, std::memory_order_relaxed);
  if (lasts < kStuck || std::exchange(stuck_told_, began) == began) return;
  const Beneficiary stuck = Beneficiary::unpacked(whom);
  log_error("a shard is stuck in one turn",
            {{"shard", shard_}, {"wall_ms", in_ms(lasts)}, {"for", to_text(stuck.kind)}, {"number", stuck.number}});
}

void TurnWatch::add_metrics(MetricsPage& page) const {
  page.histogram("sluice_shard_turn_seconds", "CPU time of the shards' turns.", turns_);
  page.counter("sluice_shard_long_turns_total", "Turns that took longer than process.turn_warning.", over_);
}

Watchdog::Watchdog(Runtime& runtime, const Clock& clock, Duration warning)
    : runtime_(runtime), clock_(clock), period_(std::clamp<Duration>(warning / 2, milliseconds(5), seconds(1))) {
  thread_ = std::thread([this] { run(); });
}

Watchdog::~Watchdog() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  ends_.notify_one();
  thread_.join();
}

void Watchdog::run() {
  ::pthread_setname_np(::pthread_self(), "watchdog");
  std::unique_lock lock(mutex_);
  while (!ends_.wait_for(lock, period_, [this] { return ending_; })) {
    const SteadyTime now = clock_.steady();
    for (std::uint32_t id = 0; id < runtime_.size(); ++id) runtime_.shard(id).watch().look(now);
  }
}

}  // namespace sluice
