#include "logplex/net/dial/dial.hpp"

#include <sys/socket.h>

#include <fstream>

#include <boost/asio/error.hpp>
#include <gtest/gtest.h>

#include "logplex/net/tls/tls_session.hpp"
#include "logplex/runtime/memory_account.hpp"
#include "tests/support/raw_client.hpp"
#include "tests/support/running_shards.hpp"
#include "tests/support/test_certificates.hpp"

// g++ 12 takes the inlined frame of a coroutine for memory of another allocator.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"

namespace sluice {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Dialled = result<std::unique_ptr<ByteStream>, Error>;

AddressGuard loopback_allowed() { return AddressGuard::parse({"127.0.0.0/8", "::1"}).value(); }

class DialTest : public ::testing::Test {
 protected:
  DialTest() { shards.start(); }
  ~DialTest() override { shards.stop(); }

  Dialled dial(DialTarget target, Duration timeout = seconds(5)) {
    return shards.await(0, dialer.dial(std::move(target), timeout));
  }
  /// Streams live on their shard.
  void end(std::unique_ptr<ByteStream> stream) {
    shards.on(0, [&] { stream.reset(); });
  }
  std::shared_ptr<const TlsContext> trusting(const std::string& ca_pem) {
    TlsClientOptions options;
    options.ca_pem = ca_pem;
    return TlsContext::make(options).value();
  }

  RunningShards shards;
  Resolver resolver;
  AddressGuard guard = loopback_allowed();
  Dialer dialer{shards.runtime.shard(0), resolver, guard};
};

Task<std::string> talk(ByteStream& stream, std::string first, std::string second) {
  const auto sent = co_await stream.write_all(first, second);
  if (!sent) co_return "not sent: " + sent.error().message();
  std::string all;
  std::array<char, 1000> buffer;
  for (;;) {
    const auto got = co_await stream.read_some(buffer);
    if (!got) co_return all + "|" + (got.error() == asio::error::eof ? "eof" : got.error().message());
    all.append(buffer.data(), *got);
  }
}

TEST_F(DialTest, plain_connection_by_name_writes_both_parts_and_sees_the_end) {
  RawListener listener;
  auto stream = dial({"localhost", listener.port(), nullptr});
  ASSERT_TRUE(stream.has_value()) << stream.error().message;
  RawClient server = listener.accept();
  std::thread peer([&] {
    EXPECT_EQ(server.read_bytes(11), "hello world");
    server.send("answer");
    server.half_close();
  });
  EXPECT_EQ(shards.await(0, talk(**stream, "hello ", "world")), "answer|eof");
  peer.join();
  EXPECT_TRUE(shards.on(0, [&] { return (*stream)->peer_closed(); }));
  EXPECT_EQ(shards.on(0, [&] { return (*stream)->unacked_bytes(); }), 0u);
  EXPECT_EQ((*stream)->tls(), nullptr);
  end(std::move(*stream));
}

Task<result<void>> write(ByteStream& stream, std::string bytes, Duration limit) {
  const CloseAfter close(stream, limit);
  co_return co_await stream.write_all(bytes);
}

TEST_F(DialTest, what_the_peer_does_not_take_is_unacknowledged_and_a_limit_ends_the_write) {
  RawListener listener;
  auto stream = dial({"127.0.0.1", listener.port(), nullptr}).value();
  RawClient server = listener.accept();
  EXPECT_FALSE(shards.on(0, [&] { return stream->peer_closed(); }));
  EXPECT_TRUE(shards.await(0, write(*stream, "small", seconds(5))).has_value());
  EXPECT_TRUE(eventually([&] { return shards.on(0, [&] { return stream->unacked_bytes() == 0; }); }));
  std::atomic<std::size_t> unacked{0};
  std::thread observer([&] {
    const auto grown = [&] {
      return shards.on(0, [&] {
        unacked = std::max<std::size_t>(unacked, stream->unacked_bytes());
        return unacked > 0;
      });
    };
    EXPECT_TRUE(eventually(grown));
  });
  const auto stuck = shards.await(0, write(*stream, std::string(32 << 20, 'x'), milliseconds(200)));
  observer.join();
  EXPECT_TRUE(stuck.has_error());
  EXPECT_GT(unacked, 0u);
  EXPECT_TRUE(shards.on(0, [&] { return stream->peer_closed(); }));
  end(std::move(stream));
}

TEST_F(DialTest, refused_unresolvable_and_guarded_targets_have_clear_errors) {
  const std::uint16_t nobody = free_port();
  const auto refused = dial({"127.0.0.1", nobody, nullptr});
  EXPECT_EQ(refused.error().code, NetError::kConnectFailed);
  EXPECT_EQ(refused.error().message.rfind("cannot connect to 127.0.0.1:" + std::to_string(nobody) + ": ", 0), 0u);
  const auto unknown = dial({"no-such-host.invalid", 80, nullptr});
  EXPECT_TRUE(unknown.error().code == NetError::kNoSuchHost || unknown.error().code == NetError::kTimedOut)
      << unknown.error().message;
  EXPECT_NE(unknown.error().message.find("no-such-host.invalid"), std::string::npos);
  for (const char* host : {"10.1.2.3", "[::ffff:10.1.2.3]", "169.254.169.254", "fd00:ec2::254", "0.0.0.0"}) {
    const auto guarded = dial({host, 80, nullptr});
    EXPECT_EQ(guarded.error().code, NetError::kAddressRefused) << host;
    EXPECT_NE(guarded.error().message.find("drains.allow_cidrs"), std::string::npos);
  }
}

TEST_F(DialTest, names_do_not_pass_the_guard_either) {
  const AddressGuard closed;
  Dialer guarded(shards.runtime.shard(0), resolver, closed);
  RawListener listener;
  const auto refused = shards.await(0, guarded.dial({"localhost", listener.port(), nullptr}, seconds(5)));
  EXPECT_EQ(refused.error().code, NetError::kAddressRefused);
  EXPECT_NE(refused.error().message.find("loopback"), std::string::npos);
}

TEST_F(DialTest, a_full_backlog_and_a_silent_tls_peer_time_out) {
  RawListener silent;
  const TestCertificates authority;
  const auto began = std::chrono::steady_clock::now();
  const auto late = dial({"127.0.0.1", silent.port(), trusting(authority.ca_pem())}, milliseconds(100));
  EXPECT_EQ(late.error().code, NetError::kTimedOut) << late.error().message;
  EXPECT_LT(std::chrono::steady_clock::now() - began, seconds(5));
}

TEST_F(DialTest, tls_shakes_hands_and_tells_facts) {
  const TestCertificates authority;
  TestTlsServer server({authority.sign("logs.test", "DNS:localhost"), "", "welcome"});
  auto stream = dial({"localhost", server.port(), trusting(authority.ca_pem())});
  ASSERT_TRUE(stream.has_value()) << stream.error().message;
  const MemoryAccount& memory = shards.runtime.memory();
  EXPECT_EQ(memory.held(MemoryClass::kTls).count, kTlsConnectionBytes.count);
  const TlsFacts* facts = (*stream)->tls();
  ASSERT_NE(facts, nullptr);
  EXPECT_EQ(facts->version, "TLSv1.3");
  EXPECT_EQ(facts->subject, "CN=logs.test");
  EXPECT_EQ(facts->issuer, "CN=Test CA");
  const WallTime now = shards.clock.wall();
  EXPECT_LT(facts->not_before, now);
  EXPECT_GT(facts->not_after, now + std::chrono::days(28));
  EXPECT_FALSE(facts->cipher.empty());
  EXPECT_EQ(shards.await(0, talk(**stream, "ping ", "pong")), "welcome|eof");
  EXPECT_EQ(server.received(), std::vector<std::string>{"ping pong"});
  shards.await(0, (*stream)->shutdown());
  end(std::move(*stream));
  EXPECT_EQ(memory.held(MemoryClass::kTls).count, 0u);
}

TEST_F(DialTest, certificates_are_checked) {
  const TestCertificates authority;
  const TestCertificates stranger("Stranger CA");
  struct Row {
    TestIdentity identity;
    const char* host;
    const char* reason;
  };
  const std::vector<Row> rows{
      {authority.sign("x", "DNS:other.test"), "localhost", "hostname mismatch"},
      {authority.sign("x", "DNS:127.0.0.1"), "127.0.0.1", "IP address mismatch"},
      {authority.sign("localhost", "DNS:localhost", -2), "localhost", "certificate has expired"},
      {stranger.sign("localhost", "DNS:localhost"), "localhost", "unable to get local issuer certificate"}};
  for (const auto& row : rows) {
    TestTlsServer server({row.identity, "", ""});
    Duration cpu{};
    const auto refused = dial({row.host, server.port(), trusting(authority.ca_pem()), "", &cpu});
    ASSERT_FALSE(refused.has_value()) << row.reason;
    EXPECT_GT(cpu, Duration::zero());
    EXPECT_EQ(refused.error().code, NetError::kTlsCertificate);
    EXPECT_NE(refused.error().message.find(row.reason), std::string::npos) << refused.error().message;
  }
  TestTlsServer by_address({authority.sign("x", "IP:127.0.0.1"), "", ""});
  auto stream = dial({"127.0.0.1", by_address.port(), trusting(authority.ca_pem())});
  EXPECT_TRUE(stream.has_value()) << stream.error().message;
  if (stream) end(std::move(*stream));
}

TEST_F(DialTest, insecure_takes_any_certificate) {
  const TestCertificates stranger;
  TestTlsServer server({stranger.sign("x", "DNS:other.test", -2), "", ""});
  TlsClientOptions options;
  options.insecure = true;
  auto stream = dial({"127.0.0.1", server.port(), TlsContext::make(options).value()});
  ASSERT_TRUE(stream.has_value()) << stream.error().message;
  end(std::move(*stream));
}

TEST_F(DialTest, a_peer_that_speaks_no_tls_is_a_handshake_error) {
  RawListener listener;
  const TestCertificates authority;
  std::thread peer([&] {
    RawClient client = listener.accept();
    client.send("220 smtp here\r\n");
    client.read_some();
  });
  const auto failed = dial({"127.0.0.1", listener.port(), trusting(authority.ca_pem())});
  EXPECT_EQ(failed.error().code, NetError::kTlsHandshake) << failed.error().message;
  peer.join();
}

TEST_F(DialTest, client_certificates_are_shown_or_missed) {
  const TestCertificates authority;
  const TestIdentity own = authority.sign("client", "DNS:client");
  TestTlsServerOptions demanding{authority.sign("x", "DNS:localhost"), authority.ca_pem(), "in"};
  TestTlsServer server(demanding);
  TlsClientOptions options;
  options.ca_pem = authority.ca_pem();
  options.client_chain = own.chain;
  options.client_key = Secret(own.key);
  auto with = dial({"localhost", server.port(), TlsContext::make(options).value()});
  ASSERT_TRUE(with.has_value()) << with.error().message;
  EXPECT_EQ(shards.await(0, talk(**with, "x", "")), "in|eof");
  end(std::move(*with));
  // In TLS 1.3 the server's refusal comes after our side of the handshake is done.
  auto without = dial({"localhost", server.port(), trusting(authority.ca_pem())});
  if (without) {
    const auto said = shards.await(0, talk(**without, "x", ""));
    // The alert is lost when the server's reset overtakes it.
    EXPECT_TRUE(said.find("certificate") != std::string::npos || said.find("reset") != std::string::npos) << said;
    end(std::move(*without));
  } else {
    EXPECT_EQ(without.error().code, NetError::kTlsCertificate);
  }
}

TEST(TlsContext, unusable_parts_are_named) {
  const TestCertificates authority;
  const TestIdentity one = authority.sign("one", "");
  const TestIdentity two = authority.sign("two", "");
  const auto message = [](TlsClientOptions options) {
    const auto made = TlsContext::make(options);
    return made ? std::string() : made.error().message;
  };
  TlsClientOptions options;
  options.ca_file = "/nonexistent/ca.pem";
  EXPECT_NE(message(options).find("'/nonexistent/ca.pem'"), std::string::npos);
  options = {};
  options.ca_pem = "no PEM";
  EXPECT_NE(message(options).find("CA text"), std::string::npos);
  options = {};
  options.client_chain = one.chain;
  EXPECT_NE(message(options).find("client key"), std::string::npos);
  options.client_key = Secret(two.key);
  EXPECT_NE(message(options).find("key values mismatch"), std::string::npos) << message(options);
  options.client_key = Secret(one.key);
  EXPECT_EQ(message(options), "");
}

TEST(TlsContext, trusts_a_ca_file) {
  const TestCertificates authority;
  const std::string file = ::testing::TempDir() + "sluice-ca-" + std::to_string(::getpid()) + ".pem";
  std::ofstream(file) << authority.ca_pem();
  TlsClientOptions options;
  options.ca_file = file;
  EXPECT_TRUE(TlsContext::make(options).has_value());
  std::remove(file.c_str());
}

}  // namespace
}  // namespace sluice
