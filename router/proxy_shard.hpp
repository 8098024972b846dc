#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "logplex/base/metrics.hpp"
#include "logplex/channel/outlet.hpp"
#include "logplex/net/dial/resolver.hpp"
#include "logplex/net/listener.hpp"
#include "logplex/runtime/event.hpp"
#include "logplex/runtime/gate.hpp"
#include "router/answer.hpp"
#include "router/client_protocol.hpp"
#include "router/exchange.hpp"
#include "router/http1/response.hpp"
#include "router/line/router_line.hpp"
#include "router/proxy_settings.hpp"
#include "router/routing_table.hpp"
#include "router/sockets/turn_queue.hpp"

namespace sluice::router {

struct RequestReader;

/// Resolves backends that are configured by name.
class BackendResolver {
 public:
  /// Errors: those of Resolver.
  virtual Task<result<Resolver::Addresses, Error>> resolve(NameQuery query) = 0;

 protected:
  ~BackendResolver() = default;
};

/// Plain counters of one shard's proxy.
struct ProxyCounters {
  std::array<std::uint64_t, 6> by_class{};  // router lines by first digit of the status; 0 = no status sent
  std::array<std::uint64_t, kRouterCodes> by_code{};
  std::uint64_t unknown_host = 0;
  std::uint64_t active_requests = 0;
  std::uint64_t client_connections = 0;
  std::uint64_t clients_accepted = 0;
  std::uint64_t backend_connections = 0;
  std::uint64_t backend_connects = 0;
  std::uint64_t backend_reuses = 0;
  std::uint64_t retries = 0;
  std::uint64_t lines_cut = 0;
  std::uint64_t backends_refused = 0;
};

/// The proxy of one shard. Its connections and exchanges share the routing table, one read buffer, parsers and
/// exchanges for reuse, counters, and the outlet for router lines.
///
/// Lives on its shard, owned by the daemon; settings, feed, outlet and shares outlive it. It hands lines to the outlet
/// and never waits for them.
class ProxyShard final : public ConnectionHandler, public OnShard {
 public:
  static constexpr std::size_t kReadSize = 65536;

  ProxyShard(Shard& shard, const ProxySettings& settings, ConfigFeed& feed, LineOutlet& outlet,
             BackendResolver& resolver, RouterShares& shares);
  ~ProxyShard() override;

  /// A plain connection, whose client speaks HTTP/1.
  void on_accepted(int fd, const Peer& peer, ConnectionTicket ticket) override;
  /// The same for a protocol that is already known, over `ops`.
  void accept(const ClientProtocol& protocol, int fd, const Peer& peer, ConnectionTicket ticket,
              std::unique_ptr<SocketOps> ops = nullptr);

  /// Accepts no new requests: idle connections close, the others close after the response under way.
  void stop_accepting();
  bool draining() const { return draining_; }
  /// After stop_accepting(): returns when no client is left.
  Task<void> finished();
  /// Ends requests still under way with H24 and closes all connections.
  void cancel();
  Task<void> stopped();
  void add_metrics(MetricsPage& page) const;
  /// Gives apps rules. `source` outlives the proxy; call it before the first request.
  void use(RuleSource& source) { table_.use(source); }

  // For connections and exchanges.
  using OnShard::shard;
  const ProxySettings& settings() const { return settings_; }
  RoutingTable& table() { return table_; }
  TurnQueue& queue() { return queue_; }
  ProxyCounters& counters() { return counters_; }
  const ProxyCounters& counters() const { return counters_; }
  /// kReadSize bytes and slack. The content is valid until the next read on this shard.
  char* read_buffer() { return read_buffer_.get(); }
  /// A buffer for a head that is written and sent at once.
  char* scratch(std::size_t size);
  std::string_view date();
  /// See make_error_page(). Valid until the next call.
  const Answer& error_page(unsigned status, unsigned retry_after, bool to_head);
  std::unique_ptr<RequestReader> take_request_reader();
  void give_back(std::unique_ptr<RequestReader> reader);
  std::unique_ptr<http1::ResponseParser> take_response_parser();
  void give_back(std::unique_ptr<http1::ResponseParser> parser);
  BlockPool& client_memory() { return client_memory_; }
  BlockPool& backend_memory() { return backend_memory_; }
  Exchange& take_exchange();
  void give_back(Exchange& exchange);
  void write_line(ChannelSlot channel, const RouterLine& line);
  /// Looks the backend's name up, unless a look-up is running. `anew`: none of the known addresses works.
  void resolve(Upstream& upstream, AppSlot app, bool anew = false);
  void on_client_closed();
  /// Replaces what `share` holds by one of the client connections that the app may have. False when the app has reached
  /// its limit.
  bool take_connection_of(AppSlot app, ShareTable::Share& share);

 private:
  using Clients = boost::intrusive::list<ProxyClient, boost::intrusive::base_hook<ClientListHook>,
                                         boost::intrusive::constant_time_size<false>>;

  Task<void> resolve_task(BackendSlot slot, NameQuery query, std::uint16_t port);

  const ProxySettings& settings_;
  LineOutlet& outlet_;
  BackendResolver& resolver_;
  RouterShares& shares_;
  TurnQueue queue_;
  RoutingTable table_;
  ProxyCounters counters_;
  std::unique_ptr<char[]> read_buffer_;
  std::vector<char> scratch_;
  LineBuffer line_;
  std::int64_t date_second_ = -1;
  std::array<char, 29> date_{};
  Answer page_;
  std::vector<std::unique_ptr<RequestReader>> request_readers_;
  std::vector<std::unique_ptr<http1::ResponseParser>> response_parsers_;
  BlockPool client_memory_;
  BlockPool backend_memory_;
  BlockPool exchange_memory_{sizeof(Exchange)};
  std::vector<std::unique_ptr<Exchange>> spare_exchanges_;
  Clients clients_;
  bool draining_ = false;
  Event all_closed_;
  Gate gate_;
};

}  // namespace sluice::router
