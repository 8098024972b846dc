#pragma once

#include <memory>
#include <string>

#include "logplex/net/net_error.hpp"
#include "logplex/net/stream.hpp"
#include "logplex/net/tls/tls_context.hpp"
#include "logplex/runtime/lane.hpp"

namespace sluice {

/// Does the TLS handshake as a client over a connected socket. `server_name` is sent (SNI, unless it is an address) and
/// must be in the certificate. With a lane, every step that computes runs there, as a job of `owner`; without one, on
/// the shard. Errors: kTlsCertificate and kTlsHandshake with the reason as text, kTimedOut, kTooManyHandshakes. `cpu`
/// is set to the CPU time of the handshake, also when it failed.
Task<result<std::unique_ptr<ByteStream>, Error>> connect_tls(TcpSocket socket,
                                                             std::shared_ptr<const TlsContext> context,
                                                             std::string server_name, Duration timeout,
                                                             Lane* lane = nullptr, std::string owner = {},
                                                             Duration* cpu = nullptr);

/// The same as a server: over an accepted socket, with a context of TlsContext::make_server(). Errors: kTlsHandshake
/// with the reason as text, kTimedOut, kTooManyHandshakes.
Task<result<std::unique_ptr<ByteStream>, Error>> accept_tls(TcpSocket socket, std::shared_ptr<const TlsContext> context,
                                                            Duration timeout, Lane* lane = nullptr,
                                                            std::string owner = {});

}  // namespace sluice
