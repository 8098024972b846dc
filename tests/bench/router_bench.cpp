// What one request costs outside the codec: its line, and the whole way through one shard over loopback sockets, with
// client and backend played by the same thread (so their system calls count too).
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <string>

#include <benchmark/benchmark.h>

#include "logplex/model/decide/snapshot_editor.hpp"
#include "logplex/runtime/runtime.hpp"
#include "router/proxy_shard.hpp"
#include "tests/support/router_line_sample.hpp"

namespace sluice {
namespace {

void router_line(benchmark::State& state) {
  const router::RouterLine line = sample_router_line();
  std::string out(router::router_line_bound(line), '\0');
  for (auto _ : state)
    benchmark::DoNotOptimize(router::write_router_line(line, router::RouterLineFormat::kHeroku2, out.data()));
}
BENCHMARK(router_line);

class NullOutlet final : public LineOutlet {
 public:
  void append(ChannelSlot, const LineView& line) override { bytes += line.text.size(); }
  std::size_t bytes = 0;
};

class NoNames final : public router::BackendResolver {
 public:
  Task<result<Resolver::Addresses, Error>> resolve(NameQuery) override { co_return Error{NetError::kNoSuchHost, {}}; }
};

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

int listen_on_loopback(std::uint16_t& port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  ::bind(fd, reinterpret_cast<sockaddr*>(&address), size);
  ::listen(fd, 16);
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  port = ntohs(address.sin_port);
  return fd;
}

std::unique_ptr<ConfigSnapshot> one_app(SlotSequence& slots, std::uint16_t port) {
  auto config = std::make_unique<ConfigSnapshot>(SnapshotEditor::empty(slots));
  App app;
  app.name = "app";
  app.domains = {"app.test"};
  Backend backend;
  backend.name = "web.1";
  backend.address = "127.0.0.1:" + std::to_string(port);
  app.backends = {backend};
  ChangedKeys changed;
  SnapshotEditor(*config, slots, changed).apply({EntryKind::kApp, "app", Entry(app)});
  return config;
}

RouterSettings settings_for_bench() {
  RouterSettings s;
  s.log_source = "heroku";
  s.request_line_max = s.header_value_max = s.response_status_line_max = s.response_cookie_max = 8192_B;
  s.header_name_max = 1000_B;
  s.headers_max = 1000;
  s.request_head_max = 128_KiB;
  s.response_header_max = 512_KiB;
  s.client_idle_timeout = s.request_head_timeout = s.first_byte_timeout = s.idle_timeout = std::chrono::seconds(60);
  s.connect_timeout = s.connect_total_timeout = s.pool_idle_timeout = std::chrono::seconds(60);
  s.connect_attempts = 10;
  s.pool_max_idle = 256;
  return s;
}

void relay(benchmark::State& state) {
  SystemClock clock;
  Runtime runtime(1, clock);
  Shard& shard = runtime.shard(0);
  ShardScope scope(shard);
  std::uint16_t web_port = 0;
  std::uint16_t front_port = 0;
  const int web_listener = listen_on_loopback(web_port);
  const int front = listen_on_loopback(front_port);
  SlotSequence slots;
  const auto config = one_app(slots, web_port);
  ConfigFeed feed(shard, *config);
  NullOutlet outlet;
  NoNames names;
  LimitSettings limits;
  limits.app_idle_backends = limits.idle_backends = 1000;
  const router::ProxySettings settings(settings_for_bench(), limits);
  router::RouterShares shares(settings.max_connections);
  router::ProxyShard proxy(shard, settings, feed, outlet, names, shares);

  const int client = ::socket(AF_INET, SOCK_STREAM, 0);
  const sockaddr_in to = loopback(front_port);
  ::connect(client, reinterpret_cast<const sockaddr*>(&to), sizeof to);
  proxy.on_accepted(::accept4(front, nullptr, nullptr, SOCK_NONBLOCK), Peer{asio::ip::make_address("127.0.0.1"), 1},
                    {});
  const std::string request = "GET / HTTP/1.1\r\nHost: app.test\r\n\r\n";
  const std::string response = "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(state.range(0)) + "\r\n\r\n" +
                               std::string(static_cast<std::size_t>(state.range(0)), 'x');
  int web = -1;
  std::string buffer(65536, '\0');
  for (auto _ : state) {
    ::send(client, request.data(), request.size(), 0);
    shard.turn();
    if (web < 0) web = ::accept(web_listener, nullptr, nullptr);
    while (::recv(web, buffer.data(), buffer.size(), MSG_DONTWAIT) <= 0) shard.turn();
    ::send(web, response.data(), response.size(), 0);
    for (std::size_t got = 0; got < response.size();) {
      shard.turn();
      const ssize_t n = ::recv(client, buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (n > 0) got += static_cast<std::size_t>(n);
    }
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
  for (const int fd : {client, web, web_listener, front}) ::close(fd);
}
BENCHMARK(relay)->Arg(128)->Arg(16384);

}  // namespace
}  // namespace sluice
