#pragma once

#include "logplex/net/address_text.hpp"

namespace sluice {

/// A non-blocking socket of `type` (SOCK_STREAM, SOCK_DGRAM), bound to the host's first address. An empty host means
/// every address of both families, or of IPv4 alone where there is no IPv6; port 0 picks one. Looks the host up, so
/// call it at start-up. The error says why, without the address.
result<UniqueFd, Error> bind_socket(const HostPort& where, int type);

/// The address that a socket is bound to.
sockaddr_storage local_address(int fd);

}  // namespace sluice
