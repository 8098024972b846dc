#pragma once

#include <cstdint>
#include <string>

#include <fmt/format.h>

#include "logplex/base/settings.hpp"
#include "logplex/net/dial/backend_guard.hpp"
#include "logplex/net/dial/cidr_list.hpp"
#include "router/http1/limits.hpp"
#include "router/line/router_line.hpp"

namespace sluice::router {

/// The settings that the proxy uses, in the form it needs them.
struct ProxySettings {
  explicit ProxySettings(const RouterSettings& settings, const LimitSettings& limits = {})
      : request_limits(http1::HeadLimits::of_requests(settings)),
        response_limits(http1::HeadLimits::of_responses(settings)),
        log_source(settings.log_source),
        line_format(settings.log_format == "heroku" ? RouterLineFormat::kHeroku : RouterLineFormat::kHeroku2),
        client_idle(settings.client_idle_timeout),
        request_head(settings.request_head_timeout),
        connect(settings.connect_timeout),
        connect_total(settings.connect_total_timeout),
        connect_attempts(settings.connect_attempts),
        first_byte(settings.first_byte_timeout),
        idle(settings.idle_timeout),
        quarantine(settings.quarantine),
        pool_idle(settings.pool_idle_timeout),
        pool_max_idle(settings.pool_idle_timeout > Duration{0} ? settings.pool_max_idle : 0),
        requests_per_connection(settings.requests_per_connection),
        upload_min_rate(settings.upload_min_rate.count),
        upload_timeout(settings.upload_timeout),
        abort_on_close(settings.abort_on_close),
        max_connections(settings.max_connections),
        app_connections(limits.app_connections),
        app_requests(limits.app_requests),
        app_idle_backends(limits.app_idle_backends),
        idle_backends(limits.idle_backends) {}

  http1::HeadLimits request_limits;
  http1::HeadLimits response_limits;
  std::string log_source;
  RouterLineFormat line_format;
  Duration client_idle;
  Duration request_head;
  Duration connect;
  Duration connect_total;
  std::uint64_t connect_attempts;
  Duration first_byte;
  Duration idle;
  Duration quarantine;
  Duration pool_idle;
  std::uint64_t pool_max_idle;
  std::uint64_t requests_per_connection;
  std::uint64_t upload_min_rate;
  Duration upload_timeout;
  bool abort_on_close;
  std::uint64_t max_connections;
  std::uint64_t app_connections;
  std::uint64_t app_requests;
  std::uint64_t app_idle_backends;
  std::uint64_t idle_backends;
  // Filled in by the process when it has started.
  std::string via = "sluice";  // this node's name in Via; see router_pseudonym()
  CidrList trusted_proxies;
  BackendGuard backends;
};

/// The name in Via of the node whose log has this id: `sluice-` and 12 hex digits.
inline std::string router_pseudonym(std::uint64_t log_id) { return fmt::format("sluice-{:012x}", log_id >> 16); }

}  // namespace sluice::router
