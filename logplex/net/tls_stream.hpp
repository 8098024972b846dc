#pragma once

#include <memory>
#include <string>

#include "logplex/net/net_error.hpp"
#include "logplex/net/stream.hpp"
#include "logplex/net/tls_context.hpp"

namespace sluice {

/// Shakes hands as a client over a connected socket. `server_name` is sent (SNI, unless it is an address) and must
/// stand in the certificate. Errors: kTlsCertificate and kTlsHandshake with the reason as text, kTimedOut.
Task<result<std::unique_ptr<ByteStream>, Error>> connect_tls(TcpSocket socket,
                                                             std::shared_ptr<const TlsContext> context,
                                                             std::string server_name, Duration timeout);

}  // namespace sluice
