#pragma once

#include <cstddef>
#include <string_view>

#include "logplex/base/rng.hpp"
#include "router/message/forwarding.hpp"
#include "router/message/head.hpp"

namespace sluice::router::http1 {

/// An upper bound of the size that write_upstream_head() writes.
std::size_t upstream_head_bound(const RequestHead& request, const ForwardFacts& facts);

/// Writes the head for the backend; `out` has upstream_head_bound() bytes. Host comes first, as the client sent it.
/// Hop-by-hop fields and fields that Connection names are removed. X-Forwarded-For and Via lines are merged into one
/// each, and we append to them. X-Forwarded-Proto, X-Forwarded-Port and X-Request-Start are ours. X-Request-Id is kept
/// when it is 20 to 200 characters of A-Z a-z 0-9 = + / -, else it is a new UUID. Proxy is removed, and so are names
/// that an app's framework folds into one of these (FieldKind::kFolded). Forwarded, X-Real-IP and X-Forwarded-Host are
/// removed. From a trusted peer, however, we append to Forwarded, keep the other two, and accept a single valid
/// X-Forwarded-Proto and X-Forwarded-Port. All other fields follow in their order, unchanged.
UpstreamHead write_upstream_head(const RequestHead& request, const ForwardFacts& facts, Rng& rng, char* out);

/// True when Via shows that the request has already passed the proxy of that name.
bool has_passed(const RequestHead& request, std::string_view via);

/// How to pass a response on.
struct DownstreamFacts {
  bool keep_client = true;  // the client connection stays open
  bool dechunk = false;     // an HTTP/1.0 client: content without framing, ended by close
  std::string_view date;    // an IMF-fixdate, used when the backend sent none
  std::string_view via = "sluice";
};

std::size_t downstream_head_bound(const ResponseHead& response, const DownstreamFacts& facts);
/// Writes the head for the client; returns its size. Status and reason are the backend's, the version is ours. A 204
/// has no body, so Content-Length and Transfer-Encoding are removed (RFC 9112 section 6.1).
std::size_t write_downstream_head(const ResponseHead& response, const DownstreamFacts& facts, char* out);

/// True when a client's request id is passed on.
bool is_valid_request_id(std::string_view id);

}  // namespace sluice::router::http1
