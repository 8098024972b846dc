#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "logplex/model/decide/snapshot_editor.hpp"
#include "logplex/runtime/runtime.hpp"
#include "router/proxy_shard.hpp"

namespace sluice::router {

class ProxyHarness;

/// A router line with its own copies of what its views show.
struct SentLine {
  ChannelSlot channel;
  LineView line;
  std::string text;
  std::string time;
};

class CollectingOutlet final : public LineOutlet {
 public:
  void append(ChannelSlot channel, const LineView& line) override {
    ++count;
    if (keep) lines.push_back({channel, line, std::string(line.text), std::string(line.time)});
  }
  bool keep = true;
  std::size_t count = 0;
  std::vector<SentLine> lines;
};

class TableResolver final : public BackendResolver {
 public:
  Task<result<Resolver::Addresses, Error>> resolve(NameQuery query) override {
    ++asked;
    last_was_anew = query.anew;
    const auto found = addresses.find(query.host);
    if (error || found == addresses.end()) co_return Error{error.value_or(NetError::kNoSuchHost), {}};
    auto answer = found->second;
    if (const auto next = then.find(query.host); next != then.end()) found->second = next->second;
    co_return answer;
  }
  std::map<std::string, std::vector<asio::ip::address>> addresses;
  std::map<std::string, std::vector<asio::ip::address>> then;  // from the second question on
  std::optional<NetError> error;                               // instead of an answer
  bool last_was_anew = false;
  int asked = 0;
};

inline RouterSettings router_settings() {
  using namespace std::chrono_literals;
  RouterSettings s;
  s.log_source = "heroku";
  s.log_format = "heroku2";
  s.max_connections = 1000;
  s.request_line_max = 8192_B;
  s.header_name_max = 1000_B;
  s.header_value_max = 8192_B;
  s.headers_max = 1000;
  s.request_head_max = 128_KiB;
  s.response_status_line_max = 8192_B;
  s.response_header_max = 512_KiB;
  s.response_cookie_max = 8192_B;
  s.client_idle_timeout = 60s;
  s.request_head_timeout = 60s;
  s.connect_timeout = 5s;
  s.connect_total_timeout = 75s;
  s.connect_attempts = 10;
  s.first_byte_timeout = 30s;
  s.idle_timeout = 55s;
  s.quarantine = 5s;
  s.pool_idle_timeout = 90s;
  s.pool_max_idle = 256;
  s.upload_min_rate = 64_B;
  s.upload_timeout = 24h;
  return s;
}

inline LimitSettings limit_settings() {
  LimitSettings s;
  s.app_idle_backends = 1000;
  s.idle_backends = 8192;
  return s;
}

/// One end of a TCP connection that a test scripts. Waiting turns the shard.
class ScriptedSocket {
 public:
  ScriptedSocket(ProxyHarness& proxy, int fd) : proxy_(&proxy), fd_(fd) {
    ::fcntl(fd, F_SETFL, O_NONBLOCK);
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }

  void send(std::string_view bytes);
  /// As many bytes as the other side takes without the shard turning.
  std::size_t send_some(std::string_view bytes);
  /// Everything up to and with `end`.
  std::string read_until(std::string_view end);
  std::string read_exactly(std::size_t size);
  /// Everything until the other side closes.
  std::string read_to_end();
  /// A head and, by its Content-Length, a body.
  std::string read_message();
  bool is_closed();
  bool is_silent();
  void half_close() { ::shutdown(fd_.fd(), SHUT_WR); }
  void close() { fd_.reset(); }
  void reset();
  int fd() const { return fd_.fd(); }

 private:
  bool receive();

  ProxyHarness* proxy_;
  UniqueFd fd_;
  std::string received_;
  bool ended_ = false;
};

/// A listening socket on the loopback interface.
class ScriptedListener {
 public:
  explicit ScriptedListener(ProxyHarness& proxy, int backlog = 64);
  std::uint16_t port() const { return port_; }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  ScriptedSocket accept();
  bool has_connection();
  void close() { fd_.reset(); }

 private:
  ProxyHarness& proxy_;
  UniqueFd fd_;
  std::uint16_t port_ = 0;
};

/// One shard's proxy on real sockets, turned by the test; time moves only by advance(), and by per_wait.
class ProxyHarness {
 public:
  explicit ProxyHarness(RouterSettings settings = router_settings(), LimitSettings limits = limit_settings());
  ~ProxyHarness();

  /// Creates or replaces the app "app" with domain "app.test" (and "*.app.test").
  void set_app(std::vector<Backend> backends, Features features = {});
  void remove_app();
  /// A client of that protocol, over `next_ops`.
  ScriptedSocket connect(std::string_view protocol = "http/1.1");

  bool turn() { return runtime.shard(0).turn(); }
  void settle();
  void advance(Duration by);
  /// Turns until `done` or, after twenty seconds of real time, gives up.
  template <class Done>
  bool until(Done&& done) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!done()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      if (turn()) continue;
      ::poll(nullptr, 0, 1);
      clock.advance(per_wait);
    }
    return true;
  }
  /// The text of the next router line, waited for.
  std::string line();
  std::string field(const std::string& line, const std::string& name);

  ManualClock clock;
  Runtime runtime{1, clock};
  ShardScope scope{runtime.shard(0)};
  SlotSequence slots;
  std::vector<std::unique_ptr<ConfigSnapshot>> snapshots;
  std::unique_ptr<ConfigFeed> feed;
  CollectingOutlet outlet;
  TableResolver resolver;
  ProxySettings settings;
  RouterShares shares;
  std::unique_ptr<ProxyShard> proxy;
  ScriptedListener listener{*this};
  std::unique_ptr<SocketOps> next_ops;  // null for a plain socket
  std::size_t lines_seen = 0;
  Duration per_wait{0};  // by how much time moves on in until(), each time that there is nothing to do

 private:
  void accept(const Effect& effect);
};

inline void ScriptedSocket::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t sent = send_some(bytes);
    bytes.remove_prefix(sent);
    if (!bytes.empty() && !proxy_->until([&] {
          pollfd ready{fd_.fd(), POLLOUT, 0};
          return ::poll(&ready, 1, 0) > 0;
        }))
      return;
  }
}

inline std::size_t ScriptedSocket::send_some(std::string_view bytes) {
  std::size_t sent = 0;
  while (sent < bytes.size()) {
    const ssize_t n = ::send(fd_.fd(), bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (n <= 0) return errno == EPIPE || errno == ECONNRESET ? bytes.size() : sent;
    sent += static_cast<std::size_t>(n);
  }
  return sent;
}

/// True when something came or the other side is gone.
inline bool ScriptedSocket::receive() {
  char buffer[65536];
  const ssize_t n = ::recv(fd_.fd(), buffer, sizeof buffer, 0);
  if (n > 0) received_.append(buffer, static_cast<std::size_t>(n));
  if (n == 0 || (n < 0 && errno != EAGAIN)) ended_ = true;
  return n > 0 || ended_;
}

inline std::string ScriptedSocket::read_until(std::string_view end) {
  proxy_->until([&] {
    receive();
    return ended_ || received_.find(end) != std::string::npos;
  });
  const std::size_t at = received_.find(end);
  if (at == std::string::npos) {
    ADD_FAILURE() << "no " << end << " in: " << received_;
    return {};
  }
  std::string taken = received_.substr(0, at + end.size());
  received_.erase(0, taken.size());
  return taken;
}

inline std::string ScriptedSocket::read_exactly(std::size_t size) {
  proxy_->until([&] {
    receive();
    return ended_ || received_.size() >= size;
  });
  EXPECT_GE(received_.size(), size) << received_.substr(0, 1000);
  std::string taken = received_.substr(0, size);
  received_.erase(0, taken.size());
  return taken;
}

inline std::string ScriptedSocket::read_to_end() {
  const bool ended = proxy_->until([&] {
    receive();
    return ended_;
  });
  EXPECT_TRUE(ended) << "still open after: " << received_;
  return std::exchange(received_, {});
}

inline std::string ScriptedSocket::read_message() {
  std::string head = read_until("\r\n\r\n");
  const std::size_t at = head.find("Content-Length: ");
  if (at == std::string::npos) return head;
  return head + read_exactly(std::stoul(head.substr(at + 16)));
}

inline bool ScriptedSocket::is_closed() {
  return proxy_->until([&] {
    receive();
    return ended_;
  });
}

inline bool ScriptedSocket::is_silent() {
  proxy_->settle();
  receive();
  return received_.empty() && !ended_;
}

inline void ScriptedSocket::reset() {
  const linger now{1, 0};
  ::setsockopt(fd_.fd(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
  fd_.reset();
}

inline ScriptedListener::ScriptedListener(ProxyHarness& proxy, int backlog)
    : proxy_(proxy), fd_(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  EXPECT_EQ(::bind(fd_.fd(), reinterpret_cast<sockaddr*>(&address), size), 0);
  EXPECT_EQ(::listen(fd_.fd(), backlog), 0);
  ::getsockname(fd_.fd(), reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
}

inline ScriptedSocket ScriptedListener::accept() {
  int fd = -1;
  proxy_.until([&] {
    fd = ::accept(fd_.fd(), nullptr, nullptr);
    return fd >= 0;
  });
  EXPECT_GE(fd, 0) << "nobody connected";
  return {proxy_, fd};
}

inline bool ScriptedListener::has_connection() {
  proxy_.settle();
  pollfd ready{fd_.fd(), POLLIN, 0};
  return ::poll(&ready, 1, 0) > 0;
}

inline ProxyHarness::ProxyHarness(RouterSettings router, LimitSettings limits)
    : settings(router, limits), shares(router.max_connections) {
  snapshots.push_back(std::make_unique<ConfigSnapshot>(SnapshotEditor::empty(slots)));
  feed = std::make_unique<ConfigFeed>(runtime.shard(0), *snapshots.back());
  proxy = std::make_unique<ProxyShard>(runtime.shard(0), settings, *feed, outlet, resolver, shares);
}

inline ProxyHarness::~ProxyHarness() {
  proxy.reset();
  turn();
}

inline void ProxyHarness::accept(const Effect& effect) {
  auto next = std::make_unique<ConfigSnapshot>(*snapshots.back());
  ChangedKeys changed;
  SnapshotEditor(*next, slots, changed).apply(effect);
  feed->accept(*next, changed);
  snapshots.push_back(std::move(next));
}

inline void ProxyHarness::set_app(std::vector<Backend> backends, Features features) {
  App app;
  app.name = "app";
  app.domains = {"app.test", "*.app.test"};
  app.backends = std::move(backends);
  app.features = std::move(features);
  Channel channel;
  channel.id = "app";
  accept({EntryKind::kChannel, "app", Entry(channel)});
  accept({EntryKind::kApp, "app", Entry(app)});
}

inline void ProxyHarness::remove_app() { accept({EntryKind::kApp, "app", std::nullopt}); }

inline ScriptedSocket ProxyHarness::connect(std::string_view protocol) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(listener.port());
  EXPECT_EQ(::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ScriptedSocket client(*this, fd);
  ScriptedSocket accepted = listener.accept();
  const int on = 1;
  ::setsockopt(accepted.fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const int fd_of_proxy = ::fcntl(accepted.fd(), F_DUPFD_CLOEXEC, 0);
  const Peer peer{asio::ip::make_address("192.0.2.7"), 1234};
  proxy->accept(*find_client_protocol(protocol), fd_of_proxy, peer, {}, std::move(next_ops));
  return client;
}

/// Turns until nothing has happened for some turns.
inline void ProxyHarness::settle() {
  for (int idle = 0; idle < 5;) {
    if (turn()) {
      idle = 0;
    } else {
      ++idle;
      ::poll(nullptr, 0, 1);
    }
  }
}

inline void ProxyHarness::advance(Duration by) {
  settle();
  clock.advance(by);
  turn();
  clock.advance(Wheel::kTick);
  turn();
}

inline std::string ProxyHarness::line() {
  const bool came = until([&] { return outlet.lines.size() > lines_seen; });
  EXPECT_TRUE(came) << "no router line";
  return came ? outlet.lines[lines_seen++].text : std::string();
}

inline std::string ProxyHarness::field(const std::string& line, const std::string& name) {
  const std::size_t at = (" " + line).find(" " + name + "=");
  if (at == std::string::npos) return "(none)";
  const std::size_t value = at + name.size() + 1;
  return line.substr(value, line.find(' ', value) - value);
}

}  // namespace sluice::router
