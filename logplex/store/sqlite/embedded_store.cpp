#include "logplex/store/sqlite/embedded_store.hpp"

#include <algorithm>

#include "logplex/base/log.hpp"
#include "logplex/model/config_error.hpp"
#include "logplex/runtime/behind_shards.hpp"

namespace sluice {
namespace {

constexpr std::size_t kQueueMax = 10'000;
constexpr std::size_t kBatchMax = 512;
constexpr std::chrono::seconds kCleaningInterval{30};

}  // namespace

EmbeddedStore::EmbeddedStore(StoreCore core, Clock& clock) : clock_(clock), core_(std::move(core)) {
  status_ = core_.status();
  status_.kind = "embedded";
}

EmbeddedStore::~EmbeddedStore() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wakeup_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void EmbeddedStore::start(Runtime& runtime) {
  publisher_ = std::make_unique<Publisher>(runtime, core_.config(), [this] { on_shown(); });
  next_cleaning_ = clock_.steady() + kCleaningInterval;
  thread_ = std::thread([this] { work(); });
}

bool EmbeddedStore::submit(Pending& pending) {
  const std::lock_guard lock(mutex_);
  if (stopping_ || queue_.size() >= kQueueMax) return false;
  queue_.push_back(std::move(pending));
  wakeup_.notify_one();
  return true;
}

Task<result<Applied, Error>> EmbeddedStore::apply(Change change) {
  auto reply = std::make_shared<AppliedReply>();
  Pending pending{reply, std::move(change)};
  if (!submit(pending)) co_return Error{ConfigError::kUnavailable, "too many changes are waiting"};
  co_return co_await reply->get();
}

void EmbeddedStore::on_shown() {
  const std::lock_guard lock(mutex_);
  shown_ = true;
  wakeup_.notify_one();
}

bool EmbeddedStore::wait_for_work(std::vector<Pending>& batch) {
  std::unique_lock lock(mutex_);
  wakeup_.wait_for(lock, kCleaningInterval, [this] { return stopping_ || shown_ || !queue_.empty(); });
  shown_ = false;
  const auto count = std::min(queue_.size(), kBatchMax);
  std::move(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(count), std::back_inserter(batch));
  queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(count));
  return !stopping_ || count != 0;
}

void EmbeddedStore::work() {
  work_behind_shards("store");
  std::vector<Pending> batch;
  while (wait_for_work(batch)) {
    publisher_->reap();
    if (!batch.empty()) handle(std::move(batch));
    batch.clear();
    if (clock_.steady() >= next_cleaning_) remove_expired();
  }
}

void EmbeddedStore::handle(std::vector<Pending> batch) {
  std::vector<Change> changes;
  changes.reserve(batch.size());
  for (auto& pending : batch) changes.push_back(std::move(pending.change));
  const auto before = clock_.steady();
  auto done = core_.apply(changes);
  count(done, std::chrono::duration<double>(clock_.steady() - before).count());
  std::vector<Answer> answers;
  for (std::size_t i = 0; i < batch.size(); ++i)
    answers.push_back({std::move(batch[i].reply), std::move(done.outcomes[i])});
  if (done.wrote) return publisher_->publish(core_.config(), std::move(done.changed), std::move(answers));
  for (auto& answer : answers) answer.give();
}

void EmbeddedStore::remove_expired() {
  next_cleaning_ = clock_.steady() + kCleaningInterval;
  const Change change = RemoveExpired{clock_.wall()};
  auto done = core_.apply({&change, 1});
  if (!done.wrote) return;
  count(done, 0);
  publisher_->publish(core_.config(), std::move(done.changed), {});
}

void EmbeddedStore::count(const StoreCore::Batch& batch, double seconds) {
  auto status = core_.status();
  status.kind = "embedded";
  const std::lock_guard lock(mutex_);
  if (status.reachable != status_.reachable && !status.reachable)
    log_error("the configuration cannot be written", {{"reason", status.trouble}});
  if (status.reachable != status_.reachable && status.reachable) log_info("the configuration can be written again");
  status_ = std::move(status);
  counters_.commits += batch.wrote ? 1U : 0U;
  counters_.failed_commits += batch.failed ? 1U : 0U;
  counters_.commit_seconds += batch.wrote ? seconds : 0;
  counters_.changes += batch.outcomes.size();
  for (const auto& outcome : batch.outcomes) counters_.refused += outcome.has_error() ? 1U : 0U;
}

StoreStatus EmbeddedStore::status() const {
  const std::lock_guard lock(mutex_);
  auto status = status_;
  if (publisher_) status.revision = publisher_->shown_revision();
  status.known_revision = status.revision;
  if (!status.reachable) status.state = "not writable, changes are refused";
  return status;
}

void EmbeddedStore::add_metrics(MetricsPage& page) const {
  const std::lock_guard lock(mutex_);
  const auto number = [](auto value) { return static_cast<double>(value); };
  page.gauge("sluice_store_revision", "Revision of the configuration in force on every shard.",
             number(publisher_ ? publisher_->shown_revision() : status_.revision));
  page.gauge("sluice_store_reachable", "1 while the configuration can be written.", status_.reachable ? 1 : 0);
  page.gauge("sluice_store_entries", "Entries of the configuration.", number(status_.entries));
  page.gauge("sluice_store_quarantined_entries", "Stored entries that cannot be read.",
             number(status_.quarantined_count));
  page.counter("sluice_store_commits_total", "Transactions written.", number(counters_.commits));
  page.counter("sluice_store_failed_commits_total", "Transactions that could not be written.",
               number(counters_.failed_commits));
  page.counter("sluice_store_commit_seconds_total", "Time spent in transactions.", counters_.commit_seconds);
  page.counter("sluice_store_changes_total", "Changes requested.", number(counters_.changes));
  page.counter("sluice_store_refused_changes_total", "Changes that were not made.", number(counters_.refused));
}

}  // namespace sluice
