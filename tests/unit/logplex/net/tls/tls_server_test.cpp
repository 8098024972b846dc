#include <sys/socket.h>

#include <future>

#include <gtest/gtest.h>

#include "logplex/net/net_error.hpp"
#include "logplex/net/tcp_stream.hpp"
#include "logplex/net/tls/blocking_stream.hpp"
#include "logplex/net/tls/tls_stream.hpp"
#include "tests/support/running_shards.hpp"
#include "tests/support/test_certificates.hpp"

namespace sluice {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// A toy server that knows no transport: echoes until the client ends. Returns what it read.
Task<std::string> echo(std::unique_ptr<ByteStream> stream) {
  std::string all;
  std::string piece(1000, '\0');
  for (;;) {
    const auto got = co_await stream->read_some(piece);
    if (!got) break;
    all.append(piece, 0, *got);
    const auto written = co_await stream->write_all(std::string_view(piece).substr(0, *got));
    if (!written) break;
  }
  co_await stream->shutdown();
  co_return all;
}

Task<std::string> echo_plain(TcpSocket socket) {
  auto stream = std::make_unique<TcpStream>(std::move(socket));
  auto all = co_await echo(std::move(stream));
  co_return all;
}

/// What it read, or "failed: CODE".
Task<std::string> echo_tls(TcpSocket socket, std::shared_ptr<const TlsContext> context, Duration timeout, Lane* lane) {
  auto stream = co_await accept_tls(std::move(socket), std::move(context), timeout, lane, "test");
  if (!stream) co_return "failed: " + stream.error().code.message();
  auto all = co_await echo(std::move(*stream));
  co_return all;
}

class TlsServerTest : public ::testing::Test {
 protected:
  TlsServerTest() { shards.start(); }

  std::shared_ptr<const TlsContext> server_context() {
    const TestIdentity own = certificates.sign("server", "IP:127.0.0.1");
    return TlsContext::make_server({own.chain, Secret(own.key)}).value();
  }
  static std::shared_ptr<const TlsContext> client_context(const std::string& ca) {
    TlsClientOptions options;
    options.ca_pem = ca;
    return TlsContext::make(options).value();
  }
  TcpSocket accept() {
    TcpSocket socket(shards.runtime.shard(0).executor());
    socket.assign(asio::ip::tcp::v4(), ::accept4(listener.fd(), nullptr, nullptr, SOCK_CLOEXEC));
    return socket;
  }
  std::string serve_tls(Duration timeout = seconds(30), Lane* lane = nullptr) {
    return shards.await(0, echo_tls(accept(), server_context(), timeout, lane));
  }
  /// Sends the bytes and reads them back, on a thread of its own. Returns what came, or "failed: CODE".
  std::future<std::string> client(std::shared_ptr<const TlsContext> tls, std::string bytes) {
    return std::async(std::launch::async, [this, tls = std::move(tls), bytes = std::move(bytes)]() -> std::string {
      const auto stream = connect_blocking("127.0.0.1", std::to_string(listener.port()), tls, seconds(30));
      if (!stream) return "failed: " + stream.error().code.message();
      std::string back;
      std::string piece(4096, '\0');
      for (std::string_view rest = bytes; back.size() < bytes.size();) {
        if (const auto sent = (*stream)->write_some(rest.substr(0, 4096))) rest.remove_prefix(*sent);
        const auto got = (*stream)->read_some(piece);
        if (!got) break;
        back.append(piece, 0, *got);
      }
      return back;
    });
  }

  RunningShards shards;
  TestCertificates certificates;
  RawListener listener;
};

std::string sample() {
  std::string bytes;
  for (int i = 0; bytes.size() < 100'000; ++i) bytes += std::to_string(i) + ",";
  return bytes;
}

TEST_F(TlsServerTest, one_server_serves_plain_and_tls_clients) {
  auto plain = client(nullptr, sample());
  EXPECT_EQ(shards.await(0, echo_plain(accept())), sample());
  EXPECT_EQ(plain.get(), sample());
  auto secret = client(client_context(certificates.ca_pem()), sample());
  EXPECT_EQ(serve_tls(), sample());
  EXPECT_EQ(secret.get(), sample());
}

TEST_F(TlsServerTest, handshakes_can_run_on_a_lane) {
  Lane lane("handshake", 1, 8);
  auto secret = client(client_context(certificates.ca_pem()), "hello");
  EXPECT_EQ(serve_tls(seconds(30), &lane), "hello");
  EXPECT_EQ(secret.get(), "hello");
}

TEST_F(TlsServerTest, a_client_that_does_not_trust_us_ends_the_handshake) {
  const TestCertificates others("Another CA");
  auto secret = client(client_context(others.ca_pem()), "hello");
  const std::string failed = serve_tls();
  EXPECT_EQ(secret.get(), "failed: " + make_error_code(NetError::kTlsCertificate).message());
  EXPECT_TRUE(failed.empty() || failed.starts_with("failed: ")) << failed;
}

TEST_F(TlsServerTest, a_client_that_speaks_no_tls_is_a_handshake_error) {
  auto plain = client(nullptr, "GET / HTTP/1.1\r\n\r\n");
  EXPECT_EQ(serve_tls(), "failed: " + make_error_code(NetError::kTlsHandshake).message());
  plain.get();
}

TEST_F(TlsServerTest, a_silent_client_runs_out_of_time) {
  const RawClient silent(listener.port());
  EXPECT_EQ(serve_tls(milliseconds(50)), "failed: " + make_error_code(NetError::kTimedOut).message());
}

TEST_F(TlsServerTest, a_key_that_is_not_the_certificates_is_refused) {
  const TestIdentity one = certificates.sign("server", "IP:127.0.0.1");
  const TestIdentity two = certificates.sign("server", "IP:127.0.0.1");
  EXPECT_TRUE(TlsContext::make_server({one.chain, Secret(one.key)}).has_value());
  for (const TlsServerOptions& bad : {TlsServerOptions{one.chain, Secret(two.key)},
                                      TlsServerOptions{"", Secret(one.key)}, TlsServerOptions{one.chain, Secret()}}) {
    const auto made = TlsContext::make_server(bad);
    ASSERT_FALSE(made.has_value());
    EXPECT_EQ(made.error().code, make_error_code(NetError::kTlsMaterial));
    EXPECT_EQ(made.error().text().find("the server "), 0U) << made.error().text();
  }
}

}  // namespace
}  // namespace sluice
