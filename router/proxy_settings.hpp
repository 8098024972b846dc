#pragma once

#include <cstdint>
#include <string>

#include "logplex/base/settings.hpp"
#include "router/http1/limits.hpp"
#include "router/router_line.hpp"

namespace sluice {

/// What the proxy path needs of the settings, in the form in which it needs it.
struct ProxySettings {
  explicit ProxySettings(const RouterSettings& settings)
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
        requests_per_connection(settings.requests_per_connection) {}

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
};

}  // namespace sluice
