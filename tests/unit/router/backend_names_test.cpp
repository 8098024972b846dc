// Backends that are given by name, and addresses that are no backends.
#include <gtest/gtest.h>

#include "tests/unit/router/proxy_harness.hpp"

namespace sluice::router {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: app.test\r\n\r\n";
constexpr std::string_view kHello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

Backend named(std::uint16_t port) {
  Backend b;
  b.name = "web.1";
  b.address = "web.example:" + std::to_string(port);
  return b;
}

asio::ip::address ip(const char* text) { return asio::ip::make_address(text); }

/// Look-ups are waited for by time.
struct Ticking : ProxyHarness {
  Ticking() { per_wait = 5ms; }
};

void expect_served(ProxyHarness& p, ScriptedListener& web) {
  ScriptedSocket client = p.connect();
  client.send(kGet);
  ScriptedSocket backend = web.accept();
  backend.read_until("\r\n\r\n");
  backend.send(kHello);
  EXPECT_TRUE(client.read_message().ends_with("hello"));
  EXPECT_EQ(p.field(p.line(), "status"), "200");
}

std::string failed_line(ProxyHarness& p) {
  ScriptedSocket client = p.connect();
  client.send(kGet);
  EXPECT_TRUE(client.read_to_end().starts_with("HTTP/1.1 503 "));
  return p.line();
}

TEST(BackendNames, another_address_that_the_name_has_got_is_tried_at_once) {
  Ticking p;
  ScriptedListener web(p);
  p.resolver.addresses["web.example"] = {ip("127.0.0.2")};  // nobody listens there
  p.set_app({named(web.port())});
  EXPECT_EQ(p.field(failed_line(p), "code"), "H21");
  p.resolver.addresses["web.example"] = {ip("127.0.0.1")};
  p.advance(1s);
  const SteadyTime before = p.clock.steady();
  ScriptedSocket client = p.connect();
  client.send(kGet);
  p.settle();
  p.advance(60ms);
  ScriptedSocket backend = web.accept();
  EXPECT_LT(p.clock.steady() - before, 1s) << "it waits for the quarantine of the old address";
  backend.read_until("\r\n\r\n");
}

TEST(BackendNames, a_refused_address_is_asked_about_again_within_the_request) {
  Ticking p;
  ScriptedListener web(p);
  p.resolver.addresses["web.example"] = {ip("127.0.0.1")};
  p.set_app({named(web.port())});
  expect_served(p, web);
  Ticking q;
  ScriptedListener new_web(q);
  q.resolver.addresses["web.example"] = {ip("127.0.0.2")};
  q.resolver.then["web.example"] = {ip("127.0.0.1")};  // from the second question on
  q.set_app({named(new_web.port())});
  expect_served(q, new_web);
  EXPECT_TRUE(q.resolver.last_was_anew);
}

TEST(BackendNames, trouble_with_names_has_its_cause) {
  Ticking p;
  p.set_app({named(1)});
  std::string line = failed_line(p);
  EXPECT_TRUE(line.starts_with("at=error code=H21 desc=\"Backend connection refused\" cause=\"dns not found\""))
      << line;
  Ticking q;
  q.resolver.error = NetError::kDnsTimeout;
  q.set_app({named(1)});
  line = failed_line(q);
  EXPECT_TRUE(line.starts_with("at=error code=H19 desc=\"Backend connection timeout\" cause=\"dns timeout\"")) << line;
}

TEST(BackendAddresses, are_judged_at_each_connect) {
  Ticking p;
  ScriptedListener web(p);
  p.settings.backends = *BackendGuard::parse({"127.0.0.0/8"}, {});
  p.resolver.addresses["web.example"] = {ip("127.0.0.1")};
  p.set_app({named(web.port())});
  std::string line = failed_line(p);
  EXPECT_TRUE(line.starts_with("at=error code=H21 desc=\"Backend connection refused\" cause=\"address refused\""))
      << line;
  Backend literal = named(1);
  literal.address = "[::ffff:127.0.0.1]:" + std::to_string(web.port());
  p.remove_app();
  p.set_app({literal});
  line = failed_line(p);
  EXPECT_NE(line.find("cause=\"address refused\""), std::string::npos) << line;
  EXPECT_FALSE(web.has_connection());
  EXPECT_EQ(p.proxy->counters().backends_refused, 2u);
}

/// Who is limited to channels says a name and may point it to where only this machine can reach.
TEST(BackendAddresses, of_a_key_limited_to_channels_are_not_loopback) {
  Ticking p;
  ScriptedListener web(p);
  p.resolver.addresses["web.example"] = {ip("127.0.0.1")};
  Backend guarded = named(web.port());
  guarded.guarded = true;
  p.set_app({guarded});
  EXPECT_NE(failed_line(p).find("code=H21 desc=\"Backend connection refused\" cause=\"address refused\""),
            std::string::npos);
  EXPECT_FALSE(web.has_connection());
  p.settings.backends = *BackendGuard::parse({}, {"127.0.0.1"});
  p.advance(30s);
  expect_served(p, web);
}

TEST(BackendAddresses, may_be_loopback_when_the_whole_node_is_spoken_for) {
  Ticking p;
  ScriptedListener web(p);
  p.resolver.addresses["web.example"] = {ip("127.0.0.1")};
  p.set_app({named(web.port())});
  expect_served(p, web);
}

}  // namespace
}  // namespace sluice::router
