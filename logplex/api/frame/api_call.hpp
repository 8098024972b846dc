#pragma once

#include <string>
#include <vector>

#include <boost/json/object.hpp>

#include "logplex/api/frame/auth.hpp"
#include "logplex/api/frame/key_shares.hpp"
#include "logplex/api/frame/query.hpp"
#include "logplex/api/frame/route.hpp"
#include "logplex/base/settings.hpp"
#include "logplex/channel/fabric.hpp"
#include "logplex/net/dial/address_guard.hpp"
#include "logplex/net/dial/backend_guard.hpp"
#include "logplex/net/http/http_server.hpp"
#include "logplex/runtime/working_for.hpp"
#include "logplex/store/store.hpp"

namespace sluice {
class Lane;
}  // namespace sluice

namespace sluice::api {

class Changes;
class DrainControl;
class NodeStatus;
class OpenStreams;
class Seals;
class Tails;

/// What handlers use, on one shard.
struct ApiParts {
  Shard& shard;
  Store& store;      // for reading
  Changes& changes;  // for changes
  Fabric& fabric;
  DrainControl& drains;
  NodeStatus& node;
  Tails& tails;
  Seals& seals;
  OpenStreams& streams;
  KeyShares& shares;
  const ApiSettings& settings;
  const AddressGuard& guard;
  const RouteTable& routes;
  const BackendGuard* backends;  // may be null
  Lane* certificates;            // may be null

  /// Valid within this turn: look up again after each co_await.
  const ConfigSnapshot& config() const { return store.feed(shard).current(); }
};

/// One call that has passed authentication and the checks of its row. Lives in the coroutine that awaits its handler.
struct ApiCall {
  ApiParts& parts;
  HttpExchange& http;
  const Route& route;
  std::vector<std::string> parameters;  // of the path, decoded
  Principal who;
  boost::json::object body;
  std::string request_id;
  KeyShares::Held held{};      // the part of the caller's share that this call holds
  std::size_t body_bytes = 0;  // size of the text of `body`

  const std::string& parameter(std::size_t index) const { return parameters[index]; }
  /// Who is charged for the call's work: the key together with those that share its limits, or the node for its own
  /// key.
  Beneficiary owner() const;
  /// Asks the store for a change on the caller's behalf: Changes::make().
  Task<result<Applied, Error>> make(Change change);
  /// The answer for a change that make() refused. It names the field of the body at fault, which is the first word of
  /// the error.
  ApiAnswer refused(const Error& error) const;
  /// Tells the watch over long turns that the following work is for this call. Call it after each wait.
  void mention() const;
  QueryParameters query() const { return QueryParameters(http.request().query); }
  /// The start of urls in answers: `api.public_url`, else http:// and the request's Host.
  std::string base_url() const;
};

/// Makes a change whose answer has no content: 204, or the error.
Task<ApiAnswer> remove_by(ApiCall& call, Change change);

/// The task of a handler that does not need to wait.
Task<ApiAnswer> answered(ApiAnswer answer);

}  // namespace sluice::api
