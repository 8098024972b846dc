#include "logplex/store/redis/redis_store.hpp"

#include <boost/asio/post.hpp>

#include "logplex/model/config_error.hpp"
#include "logplex/runtime/behind_shards.hpp"

namespace sluice {
namespace {

constexpr std::size_t kMostWaiting = 10'000;
constexpr std::chrono::seconds kCleaningInterval{30};
constexpr std::chrono::seconds kFirstLookLimit{60};
/// The follower closes a connection when the server does not reply for this long, or the network drops its packets.
constexpr std::chrono::seconds kPatience{3};
/// A node without a report for this long is shown as not heard of.
constexpr std::chrono::seconds kSilence{10};
constexpr std::chrono::milliseconds kAnnouncePause{50};
/// The store completes a change within this share of write_timeout. The rest is for the work after the store.
constexpr double kShareOfTimeout = 0.75;

/// Redis may run at any address.
AddressGuard open_guard() { return AddressGuard::parse({"0.0.0.0/0", "::/0"}).value(); }

ResolverOptions store_names(const std::vector<std::string>& servers) {
  ResolverOptions options;
  options.user = "store";
  options.servers = servers;
  return options;
}

FollowSettings follow_settings(const StoreSettings& settings) {
  return {settings.reconnect_max, settings.verify_interval, kPatience,
          static_cast<std::uint32_t>(settings.max_deleted_percent)};
}

Duration time_for_writing(const StoreSettings& settings) {
  return std::chrono::duration_cast<Duration>(settings.write_timeout * kShareOfTimeout);
}

std::string behind_text(std::uint64_t changes) {
  return std::to_string(changes) + (changes == 1 ? " change behind" : " changes behind");
}

}  // namespace

RedisStore::RedisStore(std::string name, RedisTarget target, StoreCore copy, const StoreSettings& settings,
                       const ConfigLimits& limits, Clock& clock, const std::vector<std::string>& dns_servers)
    : target_(std::move(target)),
      clock_(clock),
      runtime_(1, clock),
      shard_(runtime_.shard(0)),
      guard_(open_guard()),
      resolver_(store_names(dns_servers)),
      gate_(shard_, "store"),
      dialer_(shard_, resolver_, guard_),
      replica_(copy.take_loader(), copy.history()),
      known_good_(shard_, copy.take_table(), replica_),
      follower_(gate_, dialer_, target_, follow_settings(settings), replica_, *this),
      master_(gate_, dialer_, target_, [this] { follower_.reconnect(); }),
      writer_(shard_, follower_, replica_, shown_, master_, limits, settings.min_replicas, time_for_writing(settings)),
      presence_(
          shard_, follower_, std::move(name),
          [this] {
            const auto own = this->status();
            return RedisPresence::Report{own.revision, own.up_to_date, own.state};
          },
          [this] { show_status(); }) {
  show_status();
}

/// Runs `f` in a turn of the store's shard and blocks until it has ended.
template <class F>
void RedisStore::on_store_shard(F f) {
  std::promise<void> done;
  asio::post(shard_.io(), [&] {
    f();
    done.set_value();
  });
  done.get_future().get();
}

RedisStore::~RedisStore() {
  if (publisher_) {
    std::promise<void> stopped;
    auto ended = stopped.get_future();
    asio::post(shard_.io(), [this, &stopped] {
      gate_.stop();
      follower_.reconnect();
      master_.close();
      asio::post(shard_.io(), [this, &stopped] { wait_until_stopped(stopped); });
    });
    ended.wait();
  }
  runtime_.stop();
  runtime_.join();
}

void RedisStore::wait_until_stopped(std::promise<void>& stopped) {
  if (gate_.running() == 0) return stopped.set_value();
  asio::post(shard_.io(), [this, &stopped] { wait_until_stopped(stopped); });
}

void RedisStore::start(Runtime& runtime) {
  auto looked = first_look_.get_future();
  asio::post(shard_.io(), [this] {
    work_behind_shards("store");
    known_good_.start(gate_);
    gate_.spawn(follower_.run());
    gate_.spawn(remove_expired());
    gate_.spawn(announce());
    gate_.spawn(master_.watch());
  });
  runtime_.start();
  looked.wait_for(kFirstLookLimit);
  on_store_shard([&] {
    shown_.reached(replica_.revision());
    publisher_ = std::make_unique<Publisher>(runtime, replica_.config(),
                                             [this] { asio::post(shard_.io(), [this] { on_shown(); }); });
    show_status();
  });
}

Task<result<Applied, Error>> RedisStore::apply(Change change) {
  if (waiting_.fetch_add(1) >= kMostWaiting) {
    waiting_.fetch_sub(1);
    co_return Error{ConfigError::kUnavailable, "too many changes are waiting"};
  }
  auto reply = std::make_shared<AppliedReply>();
  auto wanted = std::make_unique<Change>(std::move(change));
  asio::post(shard_.io(), [this, reply, wanted = std::move(wanted)]() mutable {
    gate_.spawn(make_change(std::move(reply), std::move(*wanted)));
  });
  co_return co_await reply->get();
}

Task<void> RedisStore::make_change(std::shared_ptr<AppliedReply> reply, Change change) {
  auto outcome = co_await writer_.apply(std::move(change));
  waiting_.fetch_sub(1);
  AppliedReply::give(std::move(reply), std::move(outcome));
}

Task<void> RedisStore::remove_expired() {
  for (;;) {
    // The jitter spreads the nodes over time. What one node has removed, the others need not remove.
    const auto jitter = std::chrono::milliseconds(shard_.rng().below(5000));
    co_await sleep_for(kCleaningInterval + jitter);
    Change change = RemoveExpired{clock_.wall()};
    auto removed = co_await writer_.apply(std::move(change));
    static_cast<void>(removed);
  }
}

/// Begins only after the store has started, when this node knows its own state.
Task<void> RedisStore::announce() {
  while (!publisher_) co_await sleep_for(kAnnouncePause);
  co_await presence_.run();
}

void RedisStore::on_replica(ChangedKeys changed, std::vector<Effect> written) {
  known_good_.note(std::move(written));
  if (publisher_) publisher_->publish(replica_.config(), std::move(changed), {});
  show_status();
}

void RedisStore::on_shown() {
  publisher_->reap();
  shown_.reached(publisher_->shown_revision());
  show_status();
}

void RedisStore::on_state() {
  show_status();
  shown_.interrupt();
  if (!looked_) first_look_.set_value();
  looked_ = true;
}

Task<void> RedisStore::on_whole_read(std::shared_ptr<RedisConnection> connection) {
  co_await writer_.make_again(std::move(connection));
}

std::string RedisStore::state_text() const {
  const auto acting = ": acting on the last known good configuration (revision " + std::to_string(replica_.revision()) +
                      "), changes are refused";
  switch (follower_.state()) {
    case RedisState::kStarting:
      return "starting";
    case RedisState::kAway:
      return "Redis is away" + acting;
    case RedisState::kRefused:
      return "refusing the configuration in Redis" + acting;
    case RedisState::kUpToDate:
      break;
  }
  const auto behind = follower_.known_revision() - std::min(follower_.known_revision(), replica_.revision());
  return behind == 0 ? "up to date" : behind_text(behind);
}

void RedisStore::show_status() {
  data_set_.store(replica_.history(), std::memory_order_relaxed);
  StoreStatus status;
  status.kind = "redis";
  replica_.loader().describe(status);
  if (!follower_.warning().empty()) status.warnings.push_back(follower_.warning());
  if (replica_.loader().seal() == nullptr) status.warnings.emplace_back(kNotSealed);
  status.reachable = follower_.state() == RedisState::kUpToDate;
  status.trouble = follower_.trouble();
  status.state = state_text();
  status.known_revision = std::max(follower_.known_revision(), replica_.revision());
  status.up_to_date = status.reachable && status.known_revision == replica_.revision();
  status.has_configuration =
      follower_.state() == RedisState::kUpToDate || replica_.history() != 0 || replica_.revision() != 0;
  const std::lock_guard lock(mutex_);
  status_ = std::move(status);
  figures_ = {follower_.counters(), writer_.counters()};
  heard_ = presence_.heard();
  heard_at_ = presence_.heard_at();
}

/// The caller holds mutex_.
std::vector<NodeSeen> RedisStore::nodes_seen(const StoreStatus& own) const {
  std::vector<NodeSeen> out{{presence_.name(), own.revision, own.up_to_date, own.state, {}}};
  const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(clock_.steady() - heard_at_);
  for (auto node : heard_) {
    node.ago += since;
    const auto seconds = std::to_string(std::chrono::ceil<std::chrono::seconds>(node.ago).count());
    if (node.ago > kSilence) {
      node.up_to_date = false;
      node.state = "not heard of for " + seconds + " s; then " + node.state;
    } else if (node.revision < own.revision) {
      node.state += ", " + seconds + " s ago";
    }
    out.push_back(std::move(node));
  }
  return out;
}

StoreStatus RedisStore::status() const {
  const std::lock_guard lock(mutex_);
  auto status = status_;
  if (publisher_) status.revision = publisher_->shown_revision();
  if (status.up_to_date && status.revision < status.known_revision) {
    status.up_to_date = false;
    status.state = behind_text(status.known_revision - status.revision);
  }
  status.nodes = nodes_seen(status);
  return status;
}

void RedisStore::add_metrics(MetricsPage& page) const {
  resolver_.add_metrics(page);
  const auto status = this->status();
  const std::lock_guard lock(mutex_);
  const auto number = [](auto value) { return static_cast<double>(value); };
  page.gauge("sluice_store_revision", "Revision of the configuration in force on every shard.",
             number(status.revision));
  page.gauge("sluice_store_reachable", "1 while the configuration can be written.", status.reachable ? 1 : 0);
  page.gauge("sluice_store_up_to_date", "1 while the node acts on the current configuration in the store.",
             status.up_to_date ? 1 : 0);
  page.gauge("sluice_store_lag_revisions", "Changes in the store that are not in force yet.",
             number(status.known_revision - std::min(status.known_revision, status.revision)));
  page.gauge("sluice_store_entries", "Entries of the configuration.", number(status.entries));
  page.gauge("sluice_store_quarantined_entries", "Stored entries that cannot be read.",
             number(status.quarantined_count));
  page.counter("sluice_store_connects_total", "Connections made to Redis.", number(figures_.follow.connects));
  page.counter("sluice_store_failed_connects_total", "Attempts to reach Redis that failed.",
               number(figures_.follow.failed_connects));
  page.counter("sluice_store_snapshots_total", "Times the whole configuration was read from Redis.",
               number(figures_.follow.snapshots));
  page.counter("sluice_store_refused_snapshots_total",
               "Configurations in Redis that the node refused because entries were missing.",
               number(figures_.follow.refused_snapshots));
  page.counter("sluice_store_stream_gaps_total", "Times the change stream did not continue at the node's revision.",
               number(figures_.follow.gaps));
  page.counter("sluice_store_followed_changes_total", "Changes applied from the change stream.",
               number(figures_.follow.events));
  page.counter("sluice_store_changes_total", "Changes requested.", number(figures_.write.changes));
  page.counter("sluice_store_refused_changes_total", "Changes that were not made.", number(figures_.write.refused));
  page.counter("sluice_store_retried_changes_total",
               "Times a change was decided again because another node changed the configuration first.",
               number(figures_.write.retried));
  page.counter("sluice_store_made_again_changes_total",
               "Confirmed changes that a new Redis master lacked and this node made again.",
               number(figures_.write.made_again));
  page.counter("sluice_store_lost_changes_total", "Confirmed changes that a new Redis master lacked and that are lost.",
               number(figures_.write.lost));
  page.counter("sluice_store_repeated_changes_total",
               "Times a change was sent again because the connection broke or Redis could not take it yet.",
               number(figures_.write.repeated));
  page.counter("sluice_store_change_seconds_total", "Time from deciding a change until every shard acts on it.",
               figures_.write.seconds);
}

}  // namespace sluice
