#include "router/admission.hpp"

#include <utility>

#include "router/client_side.hpp"
#include "router/forwarded_request.hpp"
#include "router/proxy_shard.hpp"

namespace sluice::router {
namespace {

bool forwards(const Decision& decision) { return std::holds_alternative<Forward>(decision); }

}  // namespace

void Admission::begin() { channel_ = proxy_.table().config().router_channel().slot; }

Decision Admission::decide(const RequestHead& request, const ForwardedRequest& forwarded, const ForwardFacts& facts,
                           ClientSide& client) {
  if (const Decision app = check_app(request); !forwards(app)) return app;
  // A backend that leads back to us, directly or through other proxies, would turn one request into as many as fit into
  // its head.
  if (forwarded.loops()) return Refuse{RouterCode::kH26, "loop", 508};
  if (const Decision expectation = check_expectation(request); !forwards(expectation)) return expectation;
  if (const Decision shares = check_shares(client); !forwards(shares)) return shares;
  return ask_rules(request, facts);
}

bool Admission::find_channel(const RequestHead& request) {
  const AppEntry* const app = request.host.empty() ? nullptr : proxy_.table().config().app_by_host(request.host);
  if (app != nullptr) channel_ = app->channel;
  return app != nullptr;
}

void Admission::leave() {
  if (place_) std::exchange(place_, nullptr)->give_back();
}

Decision Admission::check_app(const RequestHead& request) {
  const AppEntry* const app = proxy_.table().config().app_by_host(request.host);
  if (app == nullptr) {
    ++proxy_.counters().unknown_host;
    return Refuse{RouterCode::kNone, {}, 404, "No such app"};
  }
  app_ = app->slot;
  channel_ = app->channel;
  WorkingFor::mention({Beneficiary::Kind::kApp, app_.value});
  if (app->app.features.maintenance) return Refuse{RouterCode::kH80};
  return Forward{};
}

Decision Admission::check_expectation(const RequestHead& request) const {
  switch (request.expectation) {
    case Expectation::kNone:
    case Expectation::kContinue:
      return Forward{};
    case Expectation::kUnsupported:
      return Refuse{RouterCode::kH26, "unsupported expect header value", 417};
    case Expectation::kMalformed:
      return Refuse{RouterCode::kH26, "bad header", 400};
  }
  return Forward{};
}

/// The app's limits of client connections and of requests; see ops/limits.md.
Decision Admission::check_shares(ClientSide& client) {
  if (!client.take_share_of(app_)) return Refuse{RouterCode::kH22};
  const std::uint64_t most = proxy_.settings().app_requests;
  const AppRoutes* const routes = most == 0 ? nullptr : proxy_.table().routes(app_);
  if (routes == nullptr) return Forward{};
  if (!routes->requests->try_take(most)) return Refuse{RouterCode::kH11, "app requests"};
  place_ = routes->requests;
  return Forward{};
}

Decision Admission::ask_rules(const RequestHead& request, const ForwardFacts& facts) const {
  const AppRoutes* const routes = proxy_.table().routes(app_);
  Forward forward;
  if (routes == nullptr) return forward;
  for (const auto& rule : routes->rules) {
    const Decision decision = rule->decide(request, facts);
    const auto* const here = std::get_if<Forward>(&decision);
    if (here == nullptr) {
      if (forward.tap != nullptr) forward.tap->on_end(false);
      return decision;
    }
    if (forward.tap == nullptr)
      forward.tap = here->tap;
    else if (here->tap != nullptr)
      here->tap->on_end(false);
  }
  return forward;
}

}  // namespace sluice::router
