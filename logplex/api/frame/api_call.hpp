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

/// What handlers work with, on one shard.
struct ApiParts {
  Shard& shard;
  Store& store;      // for what it holds
  Changes& changes;  // for what is to be changed
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

/// One call that has passed authentication and the checks of its row. Lives in the frame that awaits its handler.
struct ApiCall {
  ApiParts& parts;
  HttpExchange& http;
  const Route& route;
  std::vector<std::string> parameters;  // of the path, decoded
  Principal who;
  boost::json::object body;
  std::string request_id;
  KeyShares::Held held{};      // of the caller's share
  std::size_t body_bytes = 0;  // of the text that `body` was

  const std::string& parameter(std::size_t index) const { return parameters[index]; }
  /// Whose turn it is when the call's work goes on: the key's and of those that share its limits; the node's for its
  /// own.
  Beneficiary owner() const;
  /// Asks the store for a change in the caller's name: Changes::make().
  Task<result<Applied, Error>> make(Change change);
  /// Why make() did not make it, with the field of the body that is not acceptable: the sentence begins with its name.
  ApiAnswer refused(const Error& error) const;
  /// Tells the watch over long turns that what follows is this call's. After each wait.
  void mention() const;
  QueryParameters query() const { return QueryParameters(http.request().query); }
  /// What urls in answers start with: `api.public_url`, else http:// and the request's Host.
  std::string base_url() const;
};

/// Makes a change that has nothing to show: 204, or why not.
Task<ApiAnswer> remove_by(ApiCall& call, Change change);

/// The task of a handler that need not wait.
Task<ApiAnswer> answered(ApiAnswer answer);

}  // namespace sluice::api
