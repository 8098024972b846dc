#include "logplex/daemon/node.hpp"

#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <thread>

#include <boost/asio/co_spawn.hpp>

#include "logplex/base/log.hpp"
#include "logplex/daemon/node_files.hpp"
#include "logplex/daemon/notify.hpp"
#include "logplex/daemon/settings_check.hpp"
#include "logplex/net/address_text.hpp"
#include "logplex/net/dial/cidr_list.hpp"
#include "logplex/runtime/cross.hpp"
#include "logplex/runtime/memory_account.hpp"

namespace sluice::daemon {
namespace {

/// TLS handshakes with receivers of drains use at most this many threads, at a lower priority than the shards; channels
/// take turns. Each drain has at most one handshake at a time.
constexpr std::size_t kHandshakeThreads = 2;
constexpr std::size_t kHandshakesWaiting = 65'536;

constexpr unsigned kEverybodyReads = 0644;
/// Cancelled work ends within a few turns. If it takes longer, that is a bug of ours, and it must not keep the process
/// alive.
constexpr std::chrono::milliseconds kCancelGrace{500};
/// Time for the shards to leave their loops and for destroying all parts: everything important is saved by then.
constexpr std::chrono::milliseconds kTimeToEnd{400};
/// Part of the shutdown deadline that is reserved for ending work that was cut off.
constexpr std::chrono::seconds kTimeToCancel{1};
/// Part of the shutdown deadline that is reserved for the lines of requests that had to be cut off.
constexpr std::chrono::seconds kTimeToFlush{2};

constexpr std::chrono::milliseconds kLookForConfiguration{100};

std::uint32_t shard_count(const Settings& settings) {
  if (settings.process.shards != 0) return static_cast<std::uint32_t>(settings.process.shards);
  return std::max(1U, std::thread::hardware_concurrency());
}

/// A tenth of the API's connections is reserved for the node's own key.
api::KeyLimits key_limits_of(const Settings& settings) {
  const auto all = settings.api.max_connections;
  return {std::max<std::uint64_t>(settings.limits.api_connections_per_key.of(all), 1), all - all / 10,
          settings.limits.sessions_per_key};
}

ConfigLimits limits_of(const Settings& settings) {
  ConfigLimits limits;
  limits.drains_per_channel = settings.drains.max_per_channel;
  limits.global_drains = settings.drains.max_global;
  limits.tokens_per_channel = settings.limits.tokens_per_channel;
  limits.config_bytes_per_channel = settings.limits.config_bytes_per_channel.count;
  return limits;
}

ResolverOptions resolver_options(const Settings& settings, const char* user) {
  ResolverOptions options;
  options.user = user;
  options.servers = settings.process.dns_servers;
  options.shares.per_owner = settings.limits.name_look_ups_per_owner;
  return options;
}

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "localhost";
  return name.data();
}

[[noreturn]] void end_process_now() {
  flush_log();
  std::_Exit(0);
}

extern "C" void end_process_at_once(int) { std::_Exit(0); }

/// Ends the process with status 0 after this time, unless it has ended before.
void end_process_after(Duration time) {
  std::signal(SIGALRM, end_process_at_once);
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(time).count();
  const itimerval once{{0, 0}, {micros / 1'000'000, micros % 1'000'000}};
  ::setitimer(ITIMER_REAL, &once, nullptr);
}

}  // namespace

/// One step of stopping, taken by all shards; lives on shard 0.
struct Node::StopStep {
  StopStep(Shard& shard, std::uint32_t shards) : ended(shard), left(shards) {}
  Event ended;
  std::uint32_t left;
};

Node::Node(const Settings& settings, Clock& clock, std::unique_ptr<DirectoryFiles> files)
    : settings_(settings),
      proxy_settings_(settings.router, settings.limits),
      router_shares_(settings.router.max_connections),
      clock_(clock),
      files_(std::move(files)),
      started_at_(clock.steady()),
      name_(host_name()),
      admin_source_{[this](MetricsPage& page, std::size_t step) {
                      return parts_[Shard::current().id()]->add_metrics(page, step);
                    },
                    [this](MetricsPage& page) {
                      store_->add_metrics(page);
                      shared_of_drains_.add_metrics(page);
                      api_->add_metrics(page);
                      runtime_->memory().add_metrics(page);
                      backend_names_->add_metrics(page);
                      drain_names_->add_metrics(page);
                      descriptors_->add_metrics(page);
                      tls_lane_->add_metrics(page);
                      handshake_lane_->add_metrics(page);
                      listeners_->add_metrics(page);
                      ingress_pools_->add_metrics(page);
                    },
                    ready_},
      owed_lines_file_(*files_, settings.process.data_dir) {}

Node::~Node() {
  // The reverse of open(). No shard runs any more.
  stop_steps_.clear();
  step_gates_.clear();
  parts_.clear();
  api_.reset();
  descriptors_.reset();
  handshake_lane_.reset();
  tls_lane_.reset();
  drain_names_.reset();
  backend_names_.reset();
  store_.reset();
  shared_of_drains_ = {};  // may wait for Kafka producers; the store is closed by then
  fabric_.reset();
  listeners_.reset();
  signals_.reset();
  runtime_.reset();
  ::alarm(0);  // everything has ended in time
}

result<std::unique_ptr<Node>, Error> Node::make(const Settings& settings, Clock& clock) {
  SLUICE_TRY(auto files, DirectoryFiles::open_and_lock(settings.process.data_dir));
  std::unique_ptr<Node> node(new Node(settings, clock, std::move(files)));
  SLUICE_TRY_VOID(node->open());
  return node;
}

result<void, Error> Node::open() {
  const std::string& data_dir = settings_.process.data_dir;
  SystemRng rng;
  SLUICE_TRY_VOID(load_key(rng));
  SLUICE_TRY(guard_, AddressGuard::parse(settings_.drains.allow_cidrs));
  TlsClientOptions tls;
  tls.ca_file = settings_.drains.ca_file;
  SLUICE_TRY(drain_tls_, TlsContext::make(tls));
  SLUICE_TRY(const LogIdentity identity, LogIdentity::begin(data_dir, *files_, rng));
  SLUICE_TRY(proxy_settings_.trusted_proxies, CidrList::parse(settings_.router.trusted_proxies));
  proxy_settings_.via = router::router_pseudonym(identity.log_id);
  SLUICE_TRY(store_,
             open_store(settings_.store, data_dir, limits_of(settings_), clock_, settings_.process.dns_servers));
  runtime_ = std::make_unique<Runtime>(shard_count(settings_), clock_, settings_.process.pin);
  runtime_->memory().set_reserve(settings_.process.memory_reserve);
  // From here on a signal waits until the process can act on it.
  signals_ = std::make_unique<SignalSet>(runtime_->shard(0).executor(), SIGTERM, SIGINT, SIGHUP);
  fabric_ = std::make_unique<Fabric>(*runtime_, settings_.fabric, settings_.ingress.max_delay, identity);
  read_numbers();
  backend_names_ = std::make_unique<Resolver>(resolver_options(settings_, "router"));
  drain_names_ = std::make_unique<Resolver>(resolver_options(settings_, "drains"));
  const LimitSettings& limits = settings_.limits;
  fabric_->limit_rates({limits.lines_per_second, limits.lines_burst.of(limits.lines_per_second),
                        limits.bytes_per_second.count, limits.bytes_burst.of(limits.bytes_per_second.count),
                        static_cast<unsigned>(limits.token_rate_percent), limits.notice_interval});
  tls_lane_ = std::make_unique<Lane>("tls", 1, 256);
  handshake_lane_ = std::make_unique<Lane>("handshake", kHandshakeThreads, kHandshakesWaiting);
  descriptors_ = std::make_unique<DescriptorGauge>();
  shared_of_drains_ = drains::SharedOfKinds::make({guard_, settings_.drains, settings_.limits});
  ingress_pools_ = std::make_unique<ingress::IngressPools>(runtime_->size(), settings_);
  idle_pools_ = std::make_unique<IdlePools>(runtime_->size(), settings_);
  SLUICE_TRY_VOID(open_listeners());
  guard_.refuse_listeners(listeners_->endpoints());
  SLUICE_TRY(proxy_settings_.backends, BackendGuard::parse(settings_.router.deny_cidrs, settings_.router.allow_cidrs));
  proxy_settings_.backends.refuse_listeners(listeners_->endpoints());
  store_->start(*runtime_);
  const api::ApiNeeds needs{*store_,
                            *fabric_,
                            drain_service_,
                            node_status_,
                            settings_.store.write_timeout,
                            &proxy_settings_.backends,
                            key_limits_of(settings_),
                            tls_lane_.get()};
  api_ = std::make_unique<api::Api>(*runtime_, needs, settings_.api, guard_);
  SLUICE_TRY_VOID(read_owed());
  make_parts();
  give_handlers();
  SLUICE_TRY_VOID(files_->replace(data_dir + "/ports.json", listeners_->ports_json(), kEverybodyReads));
  log_listeners();
  // Nothing else can fail now, and no new line has come yet.
  return owed_lines_file_.remove();
}

result<void, Error> Node::load_key(Rng& rng) {
  const std::string& data_dir = settings_.process.data_dir;
  const bool first_start = !files_->exists(data_dir + "/api-key");
  SLUICE_TRY(settings_.api.key, load_api_key(settings_.api.key, data_dir, *files_, rng));
  if (first_start) log_info("the API key is in a file", {{"file", data_dir + "/api-key"}});
  if (settings_.api.key.reveal().size() >= kShortestPublicKey || !api_is_public(settings_)) return {};
  return Error{make_error_code(boost::system::errc::invalid_argument),
               "the key in " + data_dir +
                   "/api-key is short, and api.listen can be reached from other machines: remove "
                   "the file to get a new key, or listen on 127.0.0.1"};
}

void Node::log_listeners() const {
  for (const auto& [setting, address] : listeners_->addresses())
    log_info("listening", {{"setting", setting}, {"address", address}});
}

/// Without the file, channels count anew. That costs readers who come back the exact number of lines they missed.
void Node::read_numbers() {
  auto numbers = ChannelNumbers::read(*files_, numbers_path(), fabric_->identity());
  if (!numbers)
    log_warning("the numbers of channels begin anew", {{"error", numbers.error().text()}});
  else
    fabric_->go_on_with(std::move(*numbers));
}

/// The shards have stopped.
void Node::keep_numbers() {
  ChannelNumbers numbers;
  for (std::uint32_t id = 0; id < runtime_->size(); ++id) {
    ShardScope scope(runtime_->shard(id));
    fabric_->shard(id).add_numbers(numbers);
  }
  const auto written = numbers.write(*files_, numbers_path(), fabric_->identity());
  if (!written) log_warning("the numbers of channels cannot be kept", {{"error", written.error().text()}});
}

result<void, Error> Node::read_owed() {
  SLUICE_TRY(owed_, owed_lines_file_.read(fabric_->identity(), fabric_->shard(0).placement(), runtime_->size()));
  std::vector<std::uint64_t> bytes;
  for (const auto& of_shard : owed_) {
    bytes.push_back(0);
    for (const OwedLines& channel : of_shard) bytes.back() += channel.record_bytes();
  }
  if (std::any_of(bytes.begin(), bytes.end(), [](std::uint64_t of_shard) { return of_shard > 0; }))
    fabric_->expect(bytes);
  return {};
}

result<void, Error> Node::open_listeners() {
  SLUICE_TRY(InheritedListeners inherited, InheritedListeners::from_environment());
  SLUICE_TRY(CidrList trusted, CidrList::parse(settings_.router.trusted_proxies));
  listeners_ = std::make_unique<ListenerTable>(*runtime_, std::move(inherited));
  for (const ListenerSetting& listener : listener_settings(settings_))
    SLUICE_TRY_VOID(listeners_->open(listener.name, listener.addresses, listener.max_connections));
  listeners_->limit_addresses(
      "router.http", settings_.limits.client_connections_per_address,
      [trusted = std::move(trusted)](const asio::ip::address& address) { return trusted.contains(address); });
  return listeners_->check_inherited();
}

void Node::make_parts() {
  for (std::uint32_t id = 0; id < runtime_->size(); ++id) {
    ShardScope scope(runtime_->shard(id));
    parts_.push_back(std::make_unique<ShardParts>(*this, runtime_->shard(id)));
    step_gates_.push_back(std::make_unique<Gate>(runtime_->shard(id), "stop"));
  }
}

void Node::give_handlers() {
  for (const ListenerSetting& listener : listener_settings(settings_)) {
    if (!listeners_->has(listener.name)) continue;
    std::vector<ConnectionHandler*> handlers;
    for (const auto& parts : parts_) handlers.push_back(parts->handler_of(listener.name));
    listeners_->handle(listener.name, std::move(handlers));
  }
}

void Node::run(std::function<void()> reload) {
  Gate tasks(runtime_->shard(0), "node");
  tasks.spawn(watch_signals(std::move(reload)));
  tasks.spawn(node_status_.measure());
  tasks.spawn(descriptors_->measure());
  tasks.spawn(become_ready());
  listeners_->start();
  for (std::uint32_t id = 0; id < runtime_->size(); ++id)
    runtime_->shard(id).watch().warn_over(settings_.process.turn_warning);
  watchdog_ = std::make_unique<Watchdog>(*runtime_, clock_, settings_.process.turn_warning);
  runtime_->start();
  runtime_->join();
  watchdog_.reset();
  keep_owed();
  log_info("stopped");
  // Parts that are still running would outlive what they use.
  if (stuck_) end_process_now();
  flush_log();
  // Destroying a part may block, as Kafka's producers do while they wait for their threads.
  end_process_after(std::max<Duration>(stop_until_ - clock_.steady(), Duration{0}) + kTimeToEnd);
}

/// The shards have stopped, so their lines do not move.
void Node::keep_owed() {
  for (const int number : {SIGTERM, SIGINT, SIGALRM}) std::signal(number, end_process_at_once);
  ::alarm(0);
  std::vector<OwedLines> owed;
  for (std::uint32_t id = 0; id < runtime_->size(); ++id) {
    ShardScope scope(runtime_->shard(id));
    for (OwedLines& channel : parts_[id]->drains().take_owed()) owed.push_back(std::move(channel));
  }
  const bool kept = owed_lines_file_.write(fabric_->identity(), owed);
  for (std::uint32_t id = 0; id < runtime_->size(); ++id) {
    ShardScope scope(runtime_->shard(id));
    parts_[id]->drains().log_undelivered(kept);
  }
  keep_numbers();
}

/// A node is ready once it has a configuration; the last known good one counts. A node that never had one waits for its
/// store.
Task<void> Node::become_ready() {
  while (!store_->status().has_configuration) co_await sleep_for(kLookForConfiguration);
  if (stopping_) co_return;
  ready_.store(true, std::memory_order_release);
  log_info("ready", {{"shards", runtime_->size()}, {"data_dir", settings_.process.data_dir}});
  notify_service_manager("READY=1");
}

std::string Node::address_of(const std::string& setting) const {
  const auto ports = listeners_->ports();
  const auto listener = ports.find(setting);
  if (listener == ports.end() || listener->second.empty()) return {};
  std::string host;
  for (const ListenerSetting& known : listener_settings(settings_)) {
    if (known.name != setting) continue;
    const auto first = known.addresses.substr(0, known.addresses.find(','));
    if (auto parsed = parse_host_port(first)) host = parsed->host;
  }
  if (host.empty() || host == "*" || host == "0.0.0.0" || host == "::") host = "127.0.0.1";
  if (host.find(':') != std::string::npos) host = "[" + host + "]";
  return host + ":" + std::to_string(listener->second.front());
}

Task<void> Node::watch_signals(std::function<void()> reload) {
  bool stopping = false;
  for (;;) {
    const auto [error, number] = co_await signals_->async_wait(use_tuple);
    if (error) co_return;
    if (number == SIGHUP) {
      reload();
    } else if (stopping) {
      end_process_now();
    } else {
      stopping = true;
      step_gates_[0]->spawn(shut_down());
    }
  }
}

Task<void> Node::shut_down() {
  const Duration allowed = settings_.process.shutdown_deadline;
  const SteadyTime until = stop_until_ = Shard::current().now() + allowed;
  log_info("stopping", {{"deadline", format_duration(allowed)}});
  notify_service_manager("STOPPING=1");
  stopping_ = true;
  ready_.store(false, std::memory_order_release);
  co_await listeners_->stop_accepting();
  tell_every_shard(&ShardParts::stop_accepting);
  // A request that ends on one shard may hand its line to another shard, so drains flush only when no shard brings more
  // lines.
  const SteadyTime last_flush = until - std::min<Duration>(allowed / 8, kTimeToCancel);
  const SteadyTime last_call = last_flush - std::min<Duration>(allowed / 4, kTimeToFlush);
  const bool answered = co_await on_every_shard(&ShardParts::sources_finished, last_call);
  if (!answered) {
    tell_every_shard(&ShardParts::cut_sources);
    co_await on_every_shard(&ShardParts::sources_finished, last_flush);
  }
  const bool flushed = co_await on_every_shard(&ShardParts::drains_flushed, last_flush);
  if (!answered || !flushed) log_warning("shutdown deadline passed before all work was finished");
  tell_every_shard(&ShardParts::cancel);
  const SteadyTime last_cancel = std::max(Shard::current().now(), until) + kCancelGrace;
  const bool stopped = co_await on_every_shard(&ShardParts::stopped, last_cancel);
  if (!stopped) {
    stuck_ = true;
    end_process_after(kTimeToEnd);
  }
  runtime_->stop();
}

void Node::tell_every_shard(void (ShardParts::*action)()) {
  for (std::uint32_t id = 0; id < runtime_->size(); ++id)
    Shard::current().send(id, make_mail([parts = parts_[id].get(), action] { (parts->*action)(); }));
}

/// Runs one action on all shards at once; true when all of them ended before `until`. The node keeps the step, because
/// a shard may end its action later.
Task<bool> Node::on_every_shard(Task<void> (ShardParts::*action)(), SteadyTime until) {
  Shard& shard = Shard::current();
  StopStep& step = *stop_steps_.emplace_back(std::make_unique<StopStep>(shard, runtime_->size()));
  for (std::uint32_t id = 0; id < runtime_->size(); ++id)
    shard.send(id, make_mail([this, id, action, &step] { step_gates_[id]->spawn(run_step(id, action, step)); }));
  while (step.left > 0 && shard.now() < until) {
    const Duration remaining = until - shard.now();
    co_await step.ended.wait_for(remaining);
  }
  co_return step.left == 0;
}

Task<void> Node::run_step(std::uint32_t shard, Task<void> (ShardParts::*action)(), StopStep& step) {
  co_await (parts_[shard].get()->*action)();
  Shard::current().send(0, make_mail([&step] {
                          --step.left;
                          step.ended.set();
                        }));
}

}  // namespace sluice::daemon
