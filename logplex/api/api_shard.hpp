#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "logplex/api/frame/api_call.hpp"
#include "logplex/api/frame/changes.hpp"
#include "logplex/api/frame/open_streams.hpp"
#include "logplex/api/frame/seals.hpp"
#include "logplex/api/tail/tails.hpp"
#include "logplex/net/http/http_server.hpp"

namespace sluice {
class Lane;
}  // namespace sluice

namespace sluice::api {

class DrainControl;
class NodeStatus;

/// What the API needs. All of it outlives the API.
struct ApiNeeds {
  Store& store;
  Fabric& fabric;
  DrainControl& drains;
  NodeStatus& node;
  Duration change_timeout = std::chrono::seconds(2);  // store.write_timeout
  const BackendGuard* backends = nullptr;             // null: backends of apps may have any address
  KeyLimits limits{};
  Lane* certificates = nullptr;  // reads the certificates of drains; null: the shard reads them
};

/// The API on one shard. Each request passes the checks of its row in this order: path, method, site, authentication,
/// scope, channel, Accept, the caller's share, body. Then the handler runs. The shard itself answers requests that a
/// check refuses. Authentication comes before the body is read. Lives on its shard, owned by Api.
class ApiShard final : public HttpHandler, public OnShard, private ConfigObserver {
 public:
  ApiShard(Shard& shard, const ApiNeeds& needs, const ApiSettings& settings, const AddressGuard& guard,
           const RouteTable& routes, KeyShares& shares, ChangeLines& lines);
  ~ApiShard() override;

  Task<void> handle(HttpExchange& exchange) override;
  HttpResponse refused(int status, std::string sentence) override;

  /// Stops waiting for changes that are still being made. Call after the server's cancel().
  void cancel() { changes_.cancel(); }
  Task<void> stopped() { return changes_.stopped(); }

  Tails& tails() { return tails_; }
  /// For example "GET /v3/apps"; `number` as ApiCall::mention() gives it.
  std::string route_name(std::uint32_t number) const;
  void add_metrics(MetricsPage& page) const;

 private:
  static constexpr std::size_t kClasses = 6;  // status / 100
  using Counts = std::array<std::uint64_t, kClasses>;

  void on_config(const ConfigSnapshot& config, const ChangedKeys& changed) override;
  /// Rewrites keys of earlier versions to the current form of their list of channels.
  Task<void> rewrite_old_keys();
  Task<ApiAnswer> take(HttpExchange& exchange, RouteMatch match, const std::string& request_id);
  Task<ApiAnswer> read_body(ApiCall& call);
  Task<ApiAnswer> run(std::unique_ptr<ApiCall> call);
  Task<void> reply(HttpExchange& exchange, ApiAnswer answer, std::string request_id);
  /// Null when the call may continue.
  std::unique_ptr<ApiAnswer> refusal(const HttpRequest& request, const RouteMatch& match, Principal& who);
  std::unique_ptr<ApiAnswer> no_right(const RouteMatch& match, const Principal& who) const;
  void count(const Route* route, unsigned status);

  const ApiSettings& settings_;
  const RouteTable& routes_;
  Tails tails_;
  Changes changes_;
  Seals seals_;
  OpenStreams streams_;
  bool rewriting_ = false;
  ApiParts parts_;
  std::vector<Counts> counts_;  // by row; the last one counts requests without a row
  std::uint64_t cross_site_ = 0;
};

/// The HTTP API of the process: one ApiShard per shard. Created at start-up, before the shards run; destroyed after
/// they have stopped.
class Api {
 public:
  Api(Runtime& runtime, const ApiNeeds& needs, const ApiSettings& settings, AddressGuard guard);
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;
  ~Api();

  ApiShard& shard(std::uint32_t id) { return *shards_[id]; }
  /// Adds the metrics of all shards together; call once per scrape.
  void add_metrics(MetricsPage& page) const {
    shares_.add_metrics(page);
    lines_.add_metrics(page);
  }
  /// For the HttpServer of each shard, under the name "api.listen".
  HttpServerOptions server_options() const;

 private:
  Runtime& runtime_;
  const ApiSettings settings_;
  const AddressGuard guard_;
  const RouteTable routes_;
  KeyShares shares_;
  ChangeLines lines_;
  std::vector<std::unique_ptr<ApiShard>> shards_;
};

}  // namespace sluice::api
