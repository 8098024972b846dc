// Connections over a socket that buffers and changes bytes, as TLS does.
#include "router/sockets/socket_ops.hpp"

#include <sys/socket.h>

#include <gtest/gtest.h>

#include "tests/unit/router/proxy_harness.hpp"

namespace sluice::router {
namespace {

constexpr char kKey = 0x15;

std::string changed(std::string_view bytes) {
  std::string out(bytes);
  for (char& c : out) c = static_cast<char>(c ^ kKey);
  return out;
}

/// Reads all that the kernel has into a buffer of its own and hands out at most seven bytes at a time; takes at most
/// `most_sent` bytes at a time.
class BufferingOps final : public SocketOps {
 public:
  BufferingOps(std::size_t most_sent, int& alive) : most_sent_(most_sent), alive_(alive) { ++alive_; }
  ~BufferingOps() override { --alive_; }

  ReadOutcome read(int fd, char* into, std::size_t capacity, std::size_t& got) override {
    got = 0;
    if (buffer_.empty()) {
      char bytes[65536];
      const ssize_t n = ::recv(fd, bytes, sizeof bytes, 0);
      if (n == 0) return ReadOutcome::kEnd;
      if (n < 0) return errno == EAGAIN ? ReadOutcome::kNothingNow : ReadOutcome::kBroken;
      buffer_ = changed({bytes, static_cast<std::size_t>(n)});
    }
    got = std::min<std::size_t>({buffer_.size(), capacity, 7});
    buffer_.copy(into, got);
    buffer_.erase(0, got);
    return ReadOutcome::kBytes;
  }
  ssize_t send(int fd, std::string_view first, std::string_view second) override {
    const std::string both = changed(std::string(first) + std::string(second)).substr(0, most_sent_);
    const ssize_t n = ::send(fd, both.data(), both.size(), MSG_NOSIGNAL);
    return n >= 0 ? n : errno == EAGAIN ? 0 : -1;
  }
  void shutdown_sending(int fd) override { ::shutdown(fd, SHUT_WR); }
  bool has_input() const override { return !buffer_.empty(); }

 private:
  std::size_t most_sent_;
  int& alive_;
  std::string buffer_;
};

struct Buffered : ProxyHarness {
  explicit Buffered(std::size_t most_sent) {
    Backend b;
    b.name = "web.1";
    b.address = web.address();
    set_app({b});
    next_ops = std::make_unique<BufferingOps>(most_sent, alive);
    client = std::make_unique<ScriptedSocket>(connect());
  }
  int alive = 0;
  ScriptedListener web{*this};
  std::unique_ptr<ScriptedSocket> client;
};

TEST(SocketOps, what_is_buffered_is_read_without_another_event) {
  Buffered p(1 << 20);
  const std::string get = "GET /path HTTP/1.1\r\nHost: app.test\r\nX: " + std::string(1000, 'x') + "\r\n\r\n";
  p.client->send(changed(get + get));
  ScriptedSocket web = p.web.accept();
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(web.read_until("\r\n\r\n").starts_with("GET /path HTTP/1.1\r\nHost: app.test\r\n"));
    web.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    EXPECT_EQ(p.field(p.line(), "status"), "200");
  }
  const std::string answers = changed(p.client->read_until(changed("\r\n\r\nhello")));
  EXPECT_TRUE(answers.starts_with("HTTP/1.1 200 OK\r\n")) << answers;
  EXPECT_EQ(p.alive, 1);
  p.client->close();
  EXPECT_TRUE(p.until([&] { return p.proxy->counters().client_connections == 0; }));
  p.settle();
  EXPECT_EQ(p.alive, 0);
}

TEST(SocketOps, what_is_not_taken_comes_again) {
  Buffered p(1000);
  std::string body(300000, '\0');
  for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>('a' + i % 23);
  p.client->send(changed("POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: " + std::to_string(body.size()) +
                         "\r\n\r\n" + body));
  ScriptedSocket web = p.web.accept();
  web.read_until("\r\n\r\n");
  EXPECT_EQ(web.read_exactly(body.size()), body);
  web.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  p.client->read_until(changed("\r\n\r\n"));
  EXPECT_EQ(changed(p.client->read_exactly(body.size())), body);
  EXPECT_EQ(p.field(p.line(), "status"), "200");
}

}  // namespace
}  // namespace sluice::router
