#pragma once

#include <memory>

#include "logplex/cli/client/api.hpp"

namespace sluice::cli {

/// Talks to the real server over HTTP/1.1, with one connection per call: a command makes few calls. Connecting may take
/// 10 s; a call waits up to 60 s for the server and accepts answers up to 64 MiB.
std::unique_ptr<Api> make_http_api(const Endpoint& endpoint, const Secret& authorization);

}  // namespace sluice::cli
