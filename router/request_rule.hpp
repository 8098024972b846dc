#pragma once

#include <memory>
#include <string_view>
#include <variant>
#include <vector>

#include "logplex/model/snapshot.hpp"
#include "router/line/router_code.hpp"
#include "router/message/forwarding.hpp"
#include "router/message/head.hpp"
#include "router/responder.hpp"

namespace sluice::router {

/// Sees a response on its way to the client: a cache, a counter. It changes nothing. An exchange calls on_end() exactly
/// once for it, as the last call; it owns itself.
class ResponseTap {
 public:
  /// Not called when no response begins. An error page is not such a response.
  virtual void on_head(const ResponseHead& head) = 0;
  /// The bytes that the client gets, with their chunks if the client takes_chunks().
  virtual void on_body(std::string_view bytes) = 0;
  /// `whole`: the response is complete.
  virtual void on_end(bool whole) = 0;

 protected:
  ~ResponseTap() = default;
};

/// The request goes to one of the app's backends. `tap`: null, or who sees the response.
struct Forward {
  ResponseTap* tap = nullptr;
};

/// Something else answers. It lives at least until the exchange has called its release() or close().
struct AnswerBy {
  Responder* responder;
};

/// The request fails.
struct Refuse {
  RouterCode code;
  std::string_view cause = {};
  unsigned status = 0;         // of the page; 0 = the code's
  std::string_view desc = {};  // instead of the code's
};

using Decision = std::variant<Forward, AnswerBy, Refuse>;

/// Decides about an app's requests before a backend is chosen. The order of an exchange:
///
///     head has come -> the app is found -> loop, expectation, the app's shares -> RULES -> responder -> response ->
///     line
///                                                                                   TAPS see: head, body, end
///
/// Lives on its shard, in the app's entry in the routing table, and goes when that app's configuration changes: what a
/// rule hands out, a responder or a tap, must not need it.
class RequestRule {
 public:
  virtual ~RequestRule() = default;
  /// Called once for each request. Must not wait. The first rule that does not forward decides, and so does the first
  /// tap.
  virtual Decision decide(const RequestHead& request, const ForwardFacts& facts) = 0;
};

using RequestRules = std::vector<std::unique_ptr<RequestRule>>;

/// Makes the rules of an app whenever its configuration changes. One per shard; outlives its proxy.
class RuleSource {
 public:
  virtual RequestRules rules_of(const AppEntry& app) = 0;

 protected:
  ~RuleSource() = default;
};

}  // namespace sluice::router
