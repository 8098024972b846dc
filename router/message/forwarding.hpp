#pragma once

#include <cstdint>
#include <string_view>

#include "logplex/base/clock.hpp"
#include "router/message/head.hpp"

namespace sluice::router {

/// What we know about a request and the client does not say. Unless the peer is trusted, the forwarding fields come
/// from here alone.
struct ForwardFacts {
  std::string_view client_address;  // appended to X-Forwarded-For
  bool tls = false;                 // the listener has TLS: X-Forwarded-Proto
  std::uint16_t port = 0;           // the listener's port: X-Forwarded-Port
  WallTime start{};                 // X-Request-Start, in milliseconds
  bool keep_backend = true;         // ask the backend to keep the connection open
  bool trusted = false;             // the peer is in router.trusted_proxies: its forwarding fields count
  std::string_view via = "sluice";  // our name in Via
};

/// Where a forwarded head contains the parts that the router line shows.
struct UpstreamHead {
  std::uint32_t size = 0;
  Span method;
  Span target;
  Span host;  // without port
  Span forwarded_for;
  Span request_id;
};

}  // namespace sluice::router
