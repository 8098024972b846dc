#pragma once

#include <cstdint>
#include <string_view>

#include "logplex/base/clock.hpp"
#include "logplex/base/rng.hpp"
#include "router/http1/request.hpp"
#include "router/http1/response.hpp"

namespace sluice::router::http1 {

/// What we know about a request and its client does not say. Unless the peer is trusted, the forwarding fields come
/// from here alone.
struct ForwardFacts {
  std::string_view client_address;  // appended to X-Forwarded-For
  bool tls = false;                 // of the listener: X-Forwarded-Proto
  std::uint16_t port = 0;           // of the listener: X-Forwarded-Port
  WallTime start{};                 // X-Request-Start, in milliseconds
  bool keep_backend = true;         // the backend connection is to stay open
  bool trusted = false;             // the peer is in router.trusted_proxies: what it says of its client counts
  std::string_view via = "sluice";  // how Via names us
};

/// Where the parts that the router line needs stand in an upstream head.
struct UpstreamHead {
  std::uint32_t size = 0;
  Span method;
  Span target;
  Span host;  // without port
  Span forwarded_for;
  Span request_id;
};

/// Bytes that write_upstream_head() may need for this request.
std::size_t upstream_head_bound(const RequestParser& request, const ForwardFacts& facts);

/// Writes the head that the backend gets; `out` has upstream_head_bound() bytes. Host comes first, as the client sent
/// it. Hop-by-hop fields, and those that Connection names, are gone; X-Forwarded-For and Via lines are merged into one
/// and appended to; X-Forwarded-Proto, X-Forwarded-Port and X-Request-Start are ours; X-Request-Id is kept when it is
/// 20 to 200 characters of A-Z a-z 0-9 = + / -, else a new UUID. Proxy, and what an app's framework folds into one of
/// these names (FieldKind::kFolded), is removed. Forwarded, X-Real-IP and X-Forwarded-Host are removed; from a trusted
/// peer Forwarded is appended to, the others are kept, and one valid X-Forwarded-Proto and X-Forwarded-Port count. All
/// other fields follow in their order, unchanged.
UpstreamHead write_upstream_head(const RequestParser& request, const ForwardFacts& facts, Rng& rng, char* out);

/// Says whether Via shows that the request has passed the proxy of that name before.
bool has_passed(const RequestParser& request, std::string_view via);

/// How a response is passed on.
struct DownstreamFacts {
  bool keep_client = true;  // the client connection stays open
  bool dechunk = false;     // an HTTP/1.0 client: content without framing, ended by close
  std::string_view date;    // an IMF-fixdate, used when the backend sent none
  std::string_view via = "sluice";
};

std::size_t downstream_head_bound(const ResponseParser& response, const DownstreamFacts& facts);
/// Writes the head that the client gets; returns its size. Status and reason are the backend's, the version is ours. A
/// 204 has no body, so it loses Content-Length and Transfer-Encoding (RFC 9112 section 6.1).
std::size_t write_downstream_head(const ResponseParser& response, const DownstreamFacts& facts, char* out);

/// True for a request id that is passed on.
bool is_valid_request_id(std::string_view id);

}  // namespace sluice::router::http1
