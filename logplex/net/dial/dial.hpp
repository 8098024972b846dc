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
  std::string owner{};                    // whose look-up of the name it is: see NameQuery
  Duration* handshake_cpu = nullptr;      // told what a handshake took of a processor, also when it failed
};

/// Makes client connections: resolves, asks the address guard about every address it is about to use, tries them in
/// turn, shakes hands when TLS is asked for. Keepalive and TCP_NODELAY are on. The deadline is for all of it, but a
/// handshake has at least half of that time, because the shard may have been too busy to see that it was connected.
///
/// One per shard, on that shard; resolver, guard and the lane for handshakes (nullptr: on the shard) outlive it.
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
