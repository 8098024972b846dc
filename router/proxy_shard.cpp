#include "router/proxy_shard.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdio>
#include <ctime>

#include "router/backend_connection.hpp"
#include "router/client_connection.hpp"
#include "router/error_page.hpp"

namespace sluice::router {
namespace {

/// Most parsers kept for reuse.
constexpr std::size_t kSpareParsers = 64;
/// Most exchanges kept for reuse: about as many as are under way at once on a busy shard.
constexpr std::size_t kSpareExchanges = 64;

std::uint16_t local_port(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  if (address.ss_family == AF_INET) return ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
  return ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
}

NameTrouble trouble_of(const result<Resolver::Addresses, Error>& found) {
  if (found.has_value()) return found->empty() ? NameTrouble::kNotFound : NameTrouble::kNone;
  return found.error().code == NetError::kNoSuchHost ? NameTrouble::kNotFound : NameTrouble::kTimedOut;
}

/// IPv4 clients of a dual-stack listener are shown as IPv4.
std::string text_of(const asio::ip::address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
  return address.to_string();
}

}  // namespace

ProxyShard::ProxyShard(Shard& shard, const ProxySettings& settings, ConfigFeed& feed, LineOutlet& outlet,
                       BackendResolver& resolver, RouterShares& shares)
    : OnShard(shard),
      settings_(settings),
      outlet_(outlet),
      resolver_(resolver),
      shares_(shares),
      queue_(shard),
      table_(feed, shares, settings),
      read_buffer_(new char[kReadSize + http1::kSlack]),
      line_(settings.log_source),
      client_memory_(sizeof(ClientConnection)),
      backend_memory_(sizeof(BackendConnection)),
      all_closed_(shard),
      gate_(shard, "router") {}

ProxyShard::~ProxyShard() { cancel(); }

void ProxyShard::on_accepted(int fd, const Peer& peer, ConnectionTicket ticket) {
  accept(http1_client_protocol(), fd, peer, std::move(ticket));
}

void ProxyShard::accept(const ClientProtocol& protocol, int fd, const Peer& peer, ConnectionTicket ticket,
                        std::unique_ptr<SocketOps> ops) {
  if (draining_) {
    ::close(fd);
    return;
  }
  const std::string address = text_of(peer.address);
  const bool trusted = !settings_.trusted_proxies.empty() && settings_.trusted_proxies.contains(peer.address);
  const ClientFacts facts{.address = address, .listener_port = local_port(fd), .tls = false, .trusted = trusted};
  ProxyClient& client = protocol.open(*this, {fd, facts, std::move(ticket), std::move(ops)});
  clients_.push_back(client);
  client.start();
}

void ProxyShard::stop_accepting() {
  draining_ = true;
  for (auto client = clients_.begin(); client != clients_.end();) (client++)->drain_soon();
  table_.close_idle();
}

Task<void> ProxyShard::finished() {
  while (!clients_.empty()) co_await all_closed_.wait();
}

void ProxyShard::cancel() {
  draining_ = true;
  while (!clients_.empty()) clients_.front().force_close();
  table_.close_idle();
  gate_.stop();
}

Task<void> ProxyShard::stopped() { co_await gate_.stopped(); }

void ProxyShard::on_client_closed() {
  if (clients_.empty()) all_closed_.set();
}

bool ProxyShard::take_connection_of(AppSlot app, ShareTable::Share& share) {
  auto taken = shares_.app_connections.take(app.value, settings_.app_connections);
  if (!taken) return false;
  share = std::move(*taken);
  return true;
}

char* ProxyShard::scratch(std::size_t size) {
  if (scratch_.size() < size) scratch_.resize(size);
  return scratch_.data();
}

std::string_view ProxyShard::date() {
  const std::int64_t second = shard().wall_now().time_since_epoch().count() / 1000000;
  if (second != date_second_) {
    date_second_ = second;
    const std::time_t time = second;
    std::tm parts{};
    ::gmtime_r(&time, &parts);
    char text[64];
    if (std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts) == date_.size())
      std::copy_n(text, date_.size(), date_.begin());
  }
  return {date_.data(), date_.size()};
}

const Answer& ProxyShard::error_page(unsigned status, unsigned retry_after, bool to_head) {
  make_error_page(status, retry_after, to_head, page_);
  return page_;
}

std::unique_ptr<RequestReader> ProxyShard::take_request_reader() {
  if (request_readers_.empty()) return std::make_unique<RequestReader>(settings_.request_limits);
  auto reader = std::move(request_readers_.back());
  request_readers_.pop_back();
  reader->parser.reset();
  return reader;
}

void ProxyShard::give_back(std::unique_ptr<RequestReader> reader) {
  if (request_readers_.size() < kSpareParsers) request_readers_.push_back(std::move(reader));
}

std::unique_ptr<http1::ResponseParser> ProxyShard::take_response_parser() {
  if (response_parsers_.empty()) return std::make_unique<http1::ResponseParser>(settings_.response_limits);
  auto parser = std::move(response_parsers_.back());
  response_parsers_.pop_back();
  return parser;
}

void ProxyShard::give_back(std::unique_ptr<http1::ResponseParser> parser) {
  if (response_parsers_.size() < kSpareParsers) response_parsers_.push_back(std::move(parser));
}

Exchange& ProxyShard::take_exchange() {
  if (spare_exchanges_.empty()) return *new (exchange_memory_) Exchange(*this);
  Exchange* const exchange = spare_exchanges_.back().release();
  spare_exchanges_.pop_back();
  return *exchange;
}

/// Callers up the stack may still use it, so one that is not kept is destroyed at the end of the turn.
void ProxyShard::give_back(Exchange& exchange) {
  std::unique_ptr<Exchange> spare(&exchange);
  if (spare_exchanges_.size() < kSpareExchanges) return spare_exchanges_.push_back(std::move(spare));
  shard().retire(std::move(spare));
}

void ProxyShard::write_line(ChannelSlot channel, const RouterLine& line) {
  ++counters_.by_class[line.status / 100 < counters_.by_class.size() ? line.status / 100 : 0];
  ++counters_.by_code[static_cast<std::size_t>(line.code)];
  if (is_cut(line)) ++counters_.lines_cut;
  outlet_.append(channel, line_.write(line, settings_.line_format, shard().wall_now()));
}

void ProxyShard::resolve(Upstream& upstream, AppSlot app, bool anew) {
  if (upstream.resolving || gate_.stopping()) return;
  upstream.resolving = true;
  NameQuery query;
  query.host = upstream.host();
  query.owner = std::to_string(app.value);
  query.anew = anew;
  gate_.spawn(resolve_task(upstream.slot(), std::move(query), upstream.port()));
}

Task<void> ProxyShard::resolve_task(BackendSlot slot, NameQuery query, std::uint16_t port) {
  const auto addresses = co_await resolver_.resolve(std::move(query));
  std::vector<Endpoint> endpoints;
  if (addresses)
    for (const auto& address : *addresses) endpoints.push_back(make_endpoint(address, port));
  table_.resolved(slot, std::move(endpoints), trouble_of(addresses), shard().now());
}

void ProxyShard::add_metrics(MetricsPage& page) const {
  constexpr std::string_view kClasses[] = {"none", "1xx", "2xx", "3xx", "4xx", "5xx"};
  for (std::size_t i = 0; i < counters_.by_class.size(); ++i)
    page.counter("sluice_router_requests_total", "Requests by status class of the answer.",
                 static_cast<double>(counters_.by_class[i]), {{"class", std::string(kClasses[i])}});
  for (std::size_t i = 1; i < counters_.by_code.size(); ++i)
    page.counter("sluice_router_errors_total", "Requests that ended in an error, by error code.",
                 static_cast<double>(counters_.by_code[i]),
                 {{"code", std::string(row_of(static_cast<RouterCode>(i)).name)}});
  page.counter("sluice_router_unknown_host_total", "Requests for hosts that belong to no app.",
               static_cast<double>(counters_.unknown_host));
  page.counter("sluice_router_lines_cut_total", "Router lines that show only a part of a long path or forwarding list.",
               static_cast<double>(counters_.lines_cut));
  page.gauge("sluice_router_active_requests", "Requests under way.", static_cast<double>(counters_.active_requests));
  page.gauge("sluice_router_client_connections", "Open client connections.",
             static_cast<double>(counters_.client_connections));
  page.counter("sluice_router_clients_accepted_total", "Client connections accepted.",
               static_cast<double>(counters_.clients_accepted));
  page.gauge("sluice_router_backend_connections", "Open backend connections.",
             static_cast<double>(counters_.backend_connections));
  page.gauge("sluice_router_backend_connections_idle", "Backend connections in the pool.",
             static_cast<double>(table_.idle_connections()));
  page.counter("sluice_router_backend_connects_total", "Connection attempts to backends.",
               static_cast<double>(counters_.backend_connects));
  page.counter("sluice_router_backends_refused_total",
               "Connection attempts refused because the address may not be a backend.",
               static_cast<double>(counters_.backends_refused));
  page.counter("sluice_router_backend_reuses_total", "Requests sent on a pooled connection.",
               static_cast<double>(counters_.backend_reuses));
  page.counter("sluice_router_retries_total", "Requests sent again because a pooled connection had closed.",
               static_cast<double>(counters_.retries));
}

}  // namespace sluice::router
