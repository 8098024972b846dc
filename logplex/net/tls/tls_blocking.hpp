#pragma once

#include "logplex/net/blocking_socket.hpp"
#include "logplex/net/tls/blocking_stream.hpp"

namespace sluice {

/// Does the TLS handshake as a client over a connected socket; see connect_blocking() for the errors.
result<std::unique_ptr<BlockingStream>, Error> connect_blocking_tls(BlockingSocket socket,
                                                                    std::shared_ptr<const TlsContext> context,
                                                                    const std::string& server_name);

}  // namespace sluice
