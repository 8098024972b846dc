#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include <boost/intrusive/list.hpp>

#include "logplex/net/listener.hpp"
#include "logplex/runtime/shard.hpp"
#include "router/sockets/socket_ops.hpp"

namespace sluice::router {

class ProxyShard;

/// What we know about a client when it is accepted.
struct ClientFacts {
  std::string_view address;
  std::uint16_t listener_port = 0;
  bool tls = false;
  bool trusted = false;  // in router.trusted_proxies
};

/// A socket whose client speaks a known protocol.
struct AcceptedClient {
  int fd;  // non-blocking; the connection closes it
  ClientFacts facts;
  ConnectionTicket ticket;
  std::unique_ptr<SocketOps> ops = nullptr;  // null for a plain socket
};

using ClientListHook = boost::intrusive::list_base_hook<boost::intrusive::tag<class ClientListTag>,
                                                        boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

/// A client's connection, in whatever protocol. It has a ClientSide for each request under way.
///
/// Lives on its shard, in ProxyShard's list, and owns itself. When it closes it leaves the list, calls
/// ProxyShard::on_client_closed(), and is destroyed at the end of the turn.
class ProxyClient : public Retired, public ClientListHook {
 public:
  /// Starts watching the socket; closes when the kernel refuses that.
  virtual void start() = 0;
  /// The process is stopping: closes at once if no request is under way, else after the responses. Does so in this turn
  /// or a later one, so that many connections do not all close in one turn.
  virtual void drain_soon() = 0;
  /// Ends the requests under way with Fault::kStopping; without any, closes. Called until it has closed.
  virtual void force_close() = 0;
};

/// A protocol that clients speak.
struct ClientProtocol {
  std::string_view name;  // as in ALPN
  ProxyClient& (*open)(ProxyShard& proxy, AcceptedClient client);
};

#define SLUICE_CLIENT_PROTOCOL(name) const ClientProtocol& name##_client_protocol();
#include "router/client_protocols.def"
#undef SLUICE_CLIENT_PROTOCOL

std::span<const ClientProtocol* const> client_protocols();
/// nullptr if there is none of that name.
const ClientProtocol* find_client_protocol(std::string_view name);

}  // namespace sluice::router
