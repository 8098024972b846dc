#include "drains/syslog/syslog_transport.hpp"

#include <sys/socket.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/drains/drain_fixture.hpp"

namespace sluice::drains {
namespace {

using std::chrono::milliseconds;

std::size_t confirmed(TransportOnShard& transport) {
  return transport.on_shard([](Transport& it) { return it.windowed()->take_confirmed(); });
}
bool broken(TransportOnShard& transport) {
  return transport.on_shard([](Transport& it) { return it.windowed()->broken(); });
}
/// As the runner does: confirmed frames are asked for first.
bool breaks(TransportOnShard& transport) {
  return eventually([&] {
    confirmed(transport);
    return broken(transport);
  });
}
std::size_t confirmed_before_it_breaks(TransportOnShard& transport) {
  std::size_t frames = 0;
  EXPECT_TRUE(eventually([&] {
    frames += confirmed(transport);
    return broken(transport);
  }));
  return frames;
}
bool confirms(TransportOnShard& transport, std::size_t frames) {
  return eventually([&] { return (frames -= confirmed(transport)) == 0; });
}

/// Ends the connection so that what the peer sent is refused.
void reset(RawClient& peer) {
  const linger now{1, 0};
  ::setsockopt(peer.fd(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
  peer.close();
}

TEST(SyslogTransport, frames_arrive_in_order_and_are_confirmed) {
  DrainWorld world;
  RawListener listener;
  TransportOnShard transport(world, drain_to(url_of(listener, "syslog")));
  EXPECT_EQ(transport.send(frame_of("3 one")).verdict, Verdict::kSent);
  RawClient peer = listener.accept();
  EXPECT_EQ(transport.send(frame_of("3 two")).verdict, Verdict::kSent);
  EXPECT_EQ(peer.read_bytes(10), "3 one3 two");
  EXPECT_TRUE(confirms(transport, 2));
  EXPECT_FALSE(broken(transport));
}

TEST(SyslogTransport, what_the_peer_never_takes_is_not_confirmed) {
  DrainSettings settings = default_settings();
  settings.syslog_send_timeout = milliseconds(100);
  DrainWorld world({"127.0.0.1"}, settings);
  RawListener listener;
  TransportOnShard transport(world, drain_to(url_of(listener, "syslog")));
  std::size_t sent = 0;
  SendReport report;
  // Both ends' socket buffers fill; then a write does not end in time.
  for (; sent < 200; ++sent) {
    report = transport.send(frame_of(std::string(1 << 20, 'x')));
    if (report.verdict != Verdict::kSent) break;
  }
  RawClient peer = listener.accept();
  EXPECT_EQ(report.verdict, Verdict::kRetry);
  EXPECT_EQ(report.error_class, ErrorClass::kTimeout);
  EXPECT_TRUE(broken(transport));
  EXPECT_EQ(confirmed(transport), 0u);
}

/// Sends frames to a peer that does not read, until several stay unconfirmed; returns how many.
std::size_t fill(TransportOnShard& transport) {
  // Until the connection has stood for its time, frames are unconfirmed for another reason.
  if (transport.send(frame_of("3 one")).verdict != Verdict::kSent || !confirms(transport, 1)) return 0;
  std::size_t open = 0;
  for (int quiet = 0; quiet < 50;) {
    if (open < 3) {
      if (transport.send(frame_of(std::string(4096, 'x'))).verdict != Verdict::kSent) return 0;
      ++open;
    }
    open -= confirmed(transport);
    quiet = open < 3 ? 0 : quiet + 1;
    std::this_thread::sleep_for(milliseconds(open < 3 ? 0 : 1));
  }
  return open;
}

TEST(SyslogTransport, peer_that_stops_acknowledging_is_given_up) {
  DrainSettings settings = default_settings();
  settings.syslog_send_timeout = milliseconds(300);
  DrainWorld world({"127.0.0.1"}, settings);
  RawListener listener;
  TransportOnShard transport(world, drain_to(url_of(listener, "syslog")));
  EXPECT_GT(fill(transport), 0u);
  EXPECT_FALSE(broken(transport));
  EXPECT_TRUE(breaks(transport));
}

TEST(SyslogTransport, reset_with_frames_unconfirmed_confirms_none_of_them) {
  DrainWorld world;
  RawListener listener;
  TransportOnShard transport(world, drain_to(url_of(listener, "syslog")));
  EXPECT_GT(fill(transport), 0u);
  RawClient peer = listener.accept();
  reset(peer);
  EXPECT_EQ(confirmed_before_it_breaks(transport), 0u);
}

TEST(SyslogTransport, connection_that_ended_at_rest_is_replaced) {
  DrainWorld world;
  RawListener listener;
  TransportOnShard transport(world, drain_to(url_of(listener, "syslog")));
  EXPECT_EQ(transport.send(frame_of("3 one")).verdict, Verdict::kSent);
  RawClient first = listener.accept();
  EXPECT_TRUE(confirms(transport, 1));
  first.close();
  EXPECT_FALSE(broken(transport));
  EXPECT_TRUE(eventually([&] { return transport.send(frame_of("3 two")).verdict == Verdict::kSent; }));
  RawClient second = listener.accept();
  EXPECT_EQ(second.read_bytes(5), "3 two");
}

TEST(SyslogTransport, idle_and_old_connections_are_closed) {
  for (const bool old : {true, false}) {
    DrainSettings settings = default_settings();
    settings.idle_fuzz = Duration::zero();
    (old ? settings.max_age : settings.syslog_idle_timeout) = milliseconds(20);
    DrainWorld world({"127.0.0.1"}, settings);
    RawListener listener;
    TransportOnShard transport(world, drain_to(url_of(listener, "syslog")));
    EXPECT_EQ(transport.send(frame_of("3 one")).verdict, Verdict::kSent);
    RawClient peer = listener.accept();
    EXPECT_TRUE(confirms(transport, 1));
    EXPECT_EQ(peer.read_bytes(5), "3 one");
    EXPECT_TRUE(eventually([&] {
      transport.on_shard([](Transport& it) { it.tend(); });
      char byte = 0;
      return ::recv(peer.fd(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
    }));
    EXPECT_FALSE(broken(transport));
  }
}

TEST(SyslogTransport, old_connection_comes_to_rest_first) {
  DrainSettings settings = default_settings();
  settings.max_age = Duration(1);
  DrainWorld world({"127.0.0.1"}, settings);
  RawListener listener;
  TransportOnShard transport(world, drain_to(url_of(listener, "syslog")));
  EXPECT_EQ(transport.send(frame_of("3 one")).verdict, Verdict::kSent);
  EXPECT_TRUE(
      eventually([&] { return transport.on_shard([](Transport& it) { return it.windowed()->window(); }) == 1; }));
  RawClient peer = listener.accept();
  EXPECT_TRUE(confirms(transport, 1));
  EXPECT_GT(transport.on_shard([](Transport& it) { return it.windowed()->window(); }), 1u);
}

TEST(SyslogTransport, what_the_peer_says_is_ignored) {
  DrainWorld world;
  RawListener listener;
  TransportOnShard transport(world, drain_to(url_of(listener, "syslog")));
  transport.send(frame_of("3 one"));
  RawClient peer = listener.accept();
  peer.send("hello\n");
  transport.send(frame_of("3 two"));
  EXPECT_EQ(peer.read_bytes(10), "3 one3 two");
  EXPECT_TRUE(confirms(transport, 2));
}

/// A fast receiver's first second: much at once keeps the drain from sending no longer than it takes to arrive.
TEST(SyslogTransport, of_a_new_connection_all_but_the_last_mebibytes_is_confirmed_at_once) {
  constexpr std::size_t kFrames = 128;
  const std::string frame(128 << 10, 'x');
  DrainWorld world;
  RawListener listener;
  TransportOnShard transport(world, drain_to(url_of(listener, "syslog")));
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(transport.send(frame_of("3 one")).verdict, Verdict::kSent);
  RawClient peer = listener.accept();
  std::thread reader([&] { peer.read_bytes(5 + kFrames * frame.size()); });
  std::size_t late = 1;
  for (std::size_t sent = 0; sent < kFrames; ++sent) {
    EXPECT_EQ(transport.send(frame_of(frame)).verdict, Verdict::kSent);
    ++late;
    EXPECT_TRUE(eventually([&] {
      late -= confirmed(transport);
      return late < transport.on_shard([](Transport& it) { return it.windowed()->window(); });
    }));
    EXPECT_LE(late * frame.size(), SyslogTransport::kUnreadAtMost + 17 * frame.size());
  }
  const auto took = std::chrono::steady_clock::now() - began;
  EXPECT_GE(late * frame.size(), took < SyslogTransport::kProofTime ? SyslogTransport::kUnreadAtMost : 0);
  reader.join();
  EXPECT_TRUE(confirms(transport, late));
}

/// Whoever reads may have a receive buffer that grows: what lies there unread is sent again after a reset.
TEST(SyslogTransport, reset_of_a_new_connection_confirms_nothing_although_its_peer_read_for_a_while) {
  const std::string frame(32 << 10, 'x');
  DrainWorld world;
  RawListener listener;
  TransportOnShard transport(world, drain_to(url_of(listener, "syslog")));
  EXPECT_EQ(transport.send(frame_of(frame)).verdict, Verdict::kSent);
  RawClient peer = listener.accept();
  std::thread reader([&] { peer.read_bytes(40 * frame.size()); });
  for (std::size_t sent = 1; sent < 60; ++sent) EXPECT_EQ(transport.send(frame_of(frame)).verdict, Verdict::kSent);
  reader.join();
  reset(peer);
  EXPECT_EQ(confirmed_before_it_breaks(transport), 0u);
}

/// A balancer without receivers: its TCP acknowledges everything, and then it resets the connection.
TEST(SyslogTransport, reset_of_a_new_connection_confirms_nothing_although_all_was_acknowledged) {
  DrainWorld world;
  RawListener listener;
  TransportOnShard transport(world, drain_to(url_of(listener, "syslog")));
  EXPECT_EQ(transport.send(frame_of("3 one")).verdict, Verdict::kSent);
  EXPECT_EQ(transport.send(frame_of("3 two")).verdict, Verdict::kSent);
  RawClient peer = listener.accept();
  std::this_thread::sleep_for(milliseconds(100));
  EXPECT_EQ(confirmed(transport), 0u);
  reset(peer);
  EXPECT_EQ(confirmed_before_it_breaks(transport), 0u);
}

TEST(SyslogTransport, connection_that_ends_in_order_confirms_what_was_acknowledged) {
  DrainWorld world;
  RawListener listener;
  TransportOnShard transport(world, drain_to(url_of(listener, "syslog")));
  EXPECT_EQ(transport.send(frame_of("3 one")).verdict, Verdict::kSent);
  {
    RawClient peer = listener.accept();
    EXPECT_EQ(peer.read_bytes(5), "3 one");
  }
  const auto began = std::chrono::steady_clock::now();
  EXPECT_TRUE(confirms(transport, 1));
  EXPECT_LT(std::chrono::steady_clock::now() - began, SyslogTransport::kProofTime);
}

/// What we leave unread would make our kernel reset the connection.
TEST(SyslogTransport, receiver_that_greets_sees_an_orderly_end) {
  for (const bool at_rest : {true, false}) {
    DrainWorld world;
    RawListener listener;
    TransportOnShard transport(world, drain_to(url_of(listener, "syslog")));
    EXPECT_EQ(transport.send(frame_of("3 one")).verdict, Verdict::kSent);
    RawClient peer = listener.accept();
    EXPECT_EQ(peer.read_bytes(5), "3 one");
    peer.send("220 welcome\r\n");
    std::this_thread::sleep_for(milliseconds(50));
    if (at_rest) {
      EXPECT_TRUE(confirms(transport, 1));
    }
    transport.on_shard([](Transport& it) { it.close(); });
    char byte = 0;
    EXPECT_EQ(::recv(peer.fd(), &byte, 1, 0), 0) << "reset instead of an end";
  }
}

TEST(SyslogTransport, tls_verifies_unless_insecure) {
  DrainWorld world;
  const TestCertificates ca;
  struct Case {
    std::string trusted;
    std::string fragment;
    bool delivered;
  };
  for (const Case& c : {Case{ca.ca_pem(), "", true}, Case{"", "", false}, Case{"", "#insecure", true}}) {
    TestTlsServer server({ca.sign("peer", "IP:127.0.0.1"), "", "", true});
    Drain drain = drain_to("syslog+tls://127.0.0.1:" + std::to_string(server.port()) + c.fragment);
    drain.ca = c.trusted;
    TransportOnShard transport(world, drain);
    const SendReport report = transport.send(frame_of("3 one"));
    EXPECT_EQ(report.verdict, c.delivered ? Verdict::kSent : Verdict::kRetry) << report.error;
    if (c.delivered) {
      EXPECT_TRUE(confirms(transport, 1));
    } else {
      EXPECT_EQ(report.error_class, ErrorClass::kTls);
    }
  }
}

}  // namespace
}  // namespace sluice::drains
