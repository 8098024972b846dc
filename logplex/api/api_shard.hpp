#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "logplex/api/api_call.hpp"
#include "logplex/api/changes.hpp"
#include "logplex/api/tails.hpp"
#include "logplex/net/http_server.hpp"

namespace sluice {

class DrainControl;
class NodeStatus;

/// What the API stands on. All of it outlives the API.
struct ApiNeeds {
  Store& store;
  Fabric& fabric;
  DrainControl& drains;
  NodeStatus& node;
  Duration change_timeout = std::chrono::seconds(2);  // store.write_timeout
  const BackendGuard* backends = nullptr;             // null: an app's backends may be anywhere
};

/// The API on one shard: takes each request through the checks of its row (path, method, authentication, scope, Accept,
/// body), in that order, then to its handler; answers what it refuses itself. Authentication comes before the body is
/// read. Lives on its shard, owned by Api.
class ApiShard final : public HttpHandler, public OnShard {
 public:
  ApiShard(Shard& shard, const ApiNeeds& needs, const ApiSettings& settings, const AddressGuard& guard,
           const RouteTable& routes);

  Task<void> handle(HttpExchange& exchange) override;
  HttpResponse refused(int status, std::string sentence) override;

  /// Ends the waits for changes that are still being made. After the server's cancel().
  void cancel() { changes_.cancel(); }
  Task<void> stopped() { return changes_.stopped(); }

  Tails& tails() { return tails_; }
  void add_metrics(MetricsPage& page) const;

 private:
  static constexpr std::size_t kClasses = 6;  // status / 100
  using Counts = std::array<std::uint64_t, kClasses>;

  Task<ApiAnswer> take(HttpExchange& exchange, RouteMatch match, const std::string& request_id);
  Task<ApiAnswer> read_body(ApiCall& call);
  Task<ApiAnswer> run(std::unique_ptr<ApiCall> call);
  Task<void> reply(HttpExchange& exchange, ApiAnswer answer, std::string request_id);
  /// None when the call may go on.
  std::unique_ptr<ApiAnswer> refusal(const HttpRequest& request, const RouteMatch& match, Principal& who) const;
  void count(const Route* route, unsigned status);

  const ApiSettings& settings_;
  const RouteTable& routes_;
  Tails tails_;
  Changes changes_;
  ApiParts parts_;
  std::vector<Counts> counts_;  // by row; the last one counts what has no row
};

/// The HTTP API of the process: one ApiShard per shard. Made at start-up, before the shards run; destroyed after they
/// have stopped.
class Api {
 public:
  Api(Runtime& runtime, const ApiNeeds& needs, const ApiSettings& settings, AddressGuard guard);

  ApiShard& shard(std::uint32_t id) { return *shards_[id]; }
  /// For the HttpServer of each shard, under the name "api.listen".
  HttpServerOptions server_options() const;

 private:
  const ApiSettings settings_;
  const AddressGuard guard_;
  const RouteTable routes_;
  std::vector<std::unique_ptr<ApiShard>> shards_;
};

}  // namespace sluice
