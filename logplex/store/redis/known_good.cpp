#include "logplex/store/redis/known_good.hpp"

#include "logplex/base/log.hpp"

namespace sluice {
namespace {

/// With more pending effects than this, writing the whole copy is less work.
constexpr std::size_t kMostPending = 500'000;

}  // namespace

KnownGood::KnownGood(Shard& shard, EntryTable table, const RedisReplica& replica)

    : table_(std::move(table)), replica_(replica), noted_(shard), lane_(std::make_unique<Lane>("store-file", 1, 4)) {}

KnownGood::~KnownGood() {
  lane_.reset();
  if (!changed_ && !writing_) return;
  // A write that the lane had not begun is lost. Then only the whole copy is sure to be complete.
  const auto trouble = commit(take(failing_ || writing_));
  if (trouble) log_error("the last known good configuration cannot be written", {{"reason", *trouble}});
}

void KnownGood::start(Gate& gate) { gate.spawn(write()); }

void KnownGood::note(std::vector<Effect> written) {
  changed_ = true;
  failing_ = failing_ || pending_.size() > kMostPending;
  if (failing_)
    pending_.clear();
  else
    std::move(written.begin(), written.end(), std::back_inserter(pending_));
  noted_.set();
}

KnownGood::Batch KnownGood::take(bool whole) {
  Batch batch;
  batch.whole = whole;
  batch.effects = whole ? replica_.everything() : std::move(pending_);
  pending_.clear();
  changed_ = false;
  const auto& config = replica_.config();
  batch.counters = {config.revision(), config.next_drain_id(), config.next_channel_id(), replica_.history()};
  return batch;
}

Task<void> KnownGood::write() {
  for (;;) {
    while (!changed_) co_await noted_.wait();
    auto batch = take(failing_);
    auto job = [this, batch = std::move(batch)] { return commit(batch); };
    writing_ = true;
    const auto written = co_await lane_->run({}, std::move(job));
    writing_ = false;
    note_outcome(written.has_error() ? written.error().message() : *written);
  }
}

std::optional<std::string> KnownGood::commit(const Batch& batch) {
  const auto written =
      batch.whole ? table_.replace(batch.effects, batch.counters) : table_.commit(batch.effects, batch.counters);
  if (written.has_error()) return written.error().text();
  return std::nullopt;
}

void KnownGood::note_outcome(const std::optional<std::string>& trouble) {
  if (trouble && !failing_) log_error("the last known good configuration cannot be written", {{"reason", *trouble}});
  if (failing_ && !trouble) log_info("the last known good configuration is written again");
  failing_ = trouble.has_value();
}

}  // namespace sluice
