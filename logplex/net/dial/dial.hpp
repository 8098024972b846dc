#pragma once

#include <memory>
#include <string>
#include <vector>

#include "logplex/net/dial/address_guard.hpp"
#include "logplex/net/dial/resolver.hpp"
#include "logplex/net/net_error.hpp"
#include "logplex/net/stream.hpp"
#include "logplex/net/tls/tls_context.hpp"

namespace sluice {

class Lane;

struct DialTarget {
  std::string host;  // name or address literal (IPv6 with or without brackets)
  std::uint16_t port = 0;
  std::shared_ptr<const TlsContext> tls;  // null = plain
  std::string owner{};                    // who looks up the name: see NameQuery
  Duration* handshake_cpu = nullptr;      // set to the CPU time of the handshake, also when it failed
};

/// Makes client connections: resolves the name, checks each address with the address guard, tries the addresses in
/// turn, and does the TLS handshake when asked for. Keepalive and TCP_NODELAY are on. The timeout covers all steps, but
/// the handshake gets at least half of it, because a busy shard may notice late that it is connected.
///
/// One per shard, on that shard; resolver, guard and the lane for handshakes (nullptr: they run on the shard) outlive
/// it.
class Dialer {
 public:
  Dialer(Shard& shard, Resolver& resolver, const AddressGuard& guard, Lane* handshakes = nullptr)
      : shard_(shard), resolver_(resolver), guard_(guard), handshakes_(handshakes) {}

  /// Errors: those of Resolver, kAddressRefused, kConnectFailed, kTimedOut, kTlsHandshake, kTlsCertificate (message =
  /// the alert or verification error). Every message names host and port.
  Task<result<std::unique_ptr<ByteStream>, Error>> dial(DialTarget target, Duration timeout);

 private:
  Task<result<TcpSocket, Error>> connect(const DialTarget& target, const Resolver::Addresses& addresses,
                                         SteadyTime until);

  Shard& shard_;
  Resolver& resolver_;
  const AddressGuard& guard_;
  Lane* const handshakes_;
};

}  // namespace sluice
