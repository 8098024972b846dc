#pragma once

#include <memory>

#include "logplex/cli/client/api.hpp"

namespace sluice::cli {

/// The real server, over HTTP/1.1 with one connection for each call: a command makes few of them. Connecting takes at
/// most 10 s, an answer 60 s and 64 MiB.
std::unique_ptr<Api> make_http_api(const Endpoint& endpoint, const Secret& authorization);

}  // namespace sluice::cli
