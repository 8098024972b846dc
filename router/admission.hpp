#pragma once

#include <memory>

#include "logplex/base/slot.hpp"
#include "router/request_rule.hpp"
#include "router/shared_count.hpp"

namespace sluice::router {

class ClientSide;
class ForwardedRequest;
class ProxyShard;

/// Finds the app that a request is for, and decides whether and by whom it is answered: the checks that hold for all
/// apps, then the app's rules. Holds the request's place among those of its app until leave().
///
/// Part of an exchange, on its shard.
class Admission {
 public:
  explicit Admission(ProxyShard& proxy) : proxy_(proxy) {}
  Admission(const Admission&) = delete;
  Admission& operator=(const Admission&) = delete;

  /// A new request, which belongs to no app yet.
  void begin();
  /// The whole order of checks; see RequestRule.
  Decision decide(const RequestHead& request, const ForwardedRequest& forwarded, const ForwardFacts& facts,
                  ClientSide& client);
  /// For a head that is malformed or incomplete: finds the channel for its line. False when no app has this host.
  bool find_channel(const RequestHead& request);
  /// Gives the place back.
  void leave();

  AppSlot app() const { return app_; }
  /// The channel for the router line: the app's, or `_router`.
  ChannelSlot channel() const { return channel_; }

 private:
  Decision check_app(const RequestHead& request);
  Decision check_expectation(const RequestHead& request) const;
  Decision check_shares(ClientSide& client);
  Decision ask_rules(const RequestHead& request, const ForwardFacts& facts) const;

  ProxyShard& proxy_;
  AppSlot app_;
  ChannelSlot channel_;
  std::shared_ptr<SharedCount> place_;  // null without a limit
};

}  // namespace sluice::router
