// How connections end: half-closed clients and tunnels, uploads that go on after the answer or do not get on.
#include <gtest/gtest.h>

#include "tests/unit/router/proxy_harness.hpp"

namespace sluice::router {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: app.test\r\n\r\n";
constexpr std::string_view kUpgrade = "GET / HTTP/1.1\r\nHost: app.test\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\n";
constexpr std::string_view kSwitch = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\n";
constexpr std::string_view kHello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

struct Proxied : ProxyHarness {
  explicit Proxied(RouterSettings s = router_settings()) : ProxyHarness(std::move(s)) {
    Backend b;
    b.name = "web.1";
    b.address = web.address();
    set_app({b});
  }
  ScriptedSocket begin(std::string_view request = kGet) {
    client.send(request);
    ScriptedSocket socket = web.accept();
    socket.read_until("\r\n\r\n");
    return socket;
  }
  ScriptedSocket begin_tunnel() {
    ScriptedSocket socket = begin(kUpgrade);
    socket.send(kSwitch);
    client.read_until("\r\n\r\n");
    return socket;
  }
  /// The next line, while time goes on: a client that may be gone is looked at now and then.
  std::string later_line() {
    until([&] {
      clock.advance(5ms);
      return outlet.lines.size() > lines_seen;
    });
    return line();
  }
  ScriptedListener web{*this};
  ScriptedSocket client = connect();
};

TEST(HalfClose, a_client_that_has_closed_its_sending_side_is_served) {
  Proxied p;
  ScriptedSocket web = p.begin();
  p.client.half_close();
  EXPECT_TRUE(web.is_silent()) << "the backend is cancelled";
  web.send(kHello);
  EXPECT_TRUE(p.client.read_message().ends_with("hello"));
  const std::string line = p.later_line();
  EXPECT_TRUE(p.client.is_closed());
  EXPECT_EQ(p.field(line, "code"), "(none)") << line;
  EXPECT_EQ(p.field(line, "status"), "200");
  EXPECT_EQ(p.proxy->counters().client_connections, 0u);
}

TEST(HalfClose, requests_that_came_before_the_end_are_served) {
  Proxied p;
  p.client.send(std::string(kGet) + std::string(kGet));
  p.client.half_close();
  ScriptedSocket web = p.web.accept();
  for (int i = 0; i < 2; ++i) {
    web.read_until("\r\n\r\n");
    web.send(kHello);
    EXPECT_TRUE(p.client.read_message().ends_with("hello"));
    EXPECT_EQ(p.field(p.later_line(), "status"), "200");
  }
  EXPECT_TRUE(p.client.is_closed());
}

TEST(HalfClose, a_client_that_is_gone_shows_when_it_is_answered) {
  Proxied p;
  ScriptedSocket web = p.begin();
  p.client.close();
  p.settle();
  EXPECT_TRUE(p.outlet.lines.empty());
  web.send(kHello);
  const std::string line = p.line();
  EXPECT_TRUE(line.starts_with("sock=client at=warning code=H27")) << line;
  EXPECT_EQ(p.field(line, "status"), "499");
}

TEST(HalfClose, counts_as_gone_where_the_operator_says_so) {
  RouterSettings settings = router_settings();
  settings.abort_on_close = true;
  Proxied p(settings);
  ScriptedSocket web = p.begin();
  p.client.half_close();
  EXPECT_TRUE(web.is_closed());
  EXPECT_EQ(p.field(p.line(), "code"), "H27");
}

TEST(HalfClose, the_end_of_a_tunnels_client_is_passed_on) {
  Proxied p;
  ScriptedSocket web = p.begin_tunnel();
  p.client.send("last words");
  p.client.half_close();
  EXPECT_EQ(web.read_to_end(), "last words");
  web.send("answer");
  EXPECT_EQ(p.client.read_exactly(6), "answer");
  EXPECT_TRUE(p.outlet.lines.empty());
  web.close();
  EXPECT_TRUE(p.client.is_closed());
  EXPECT_EQ(p.field(p.line(), "status"), "101");
  p.settle();
  EXPECT_EQ(p.proxy->counters().backend_connections, 0u);
}

TEST(HalfClose, the_end_of_a_tunnels_backend_is_passed_on) {
  Proxied p;
  ScriptedSocket web = p.begin_tunnel();
  web.send("bye");
  web.half_close();
  EXPECT_EQ(p.client.read_to_end(), "bye");
  p.client.send("late");
  EXPECT_EQ(web.read_exactly(4), "late");
  p.client.send("later");
  p.client.half_close();
  EXPECT_EQ(web.read_to_end(), "later");
  EXPECT_EQ(p.field(p.line(), "status"), "101");
}

TEST(HalfClose, much_before_the_end_of_a_tunnel_arrives) {
  Proxied p;
  ScriptedSocket web = p.begin_tunnel();
  web.half_close();
  EXPECT_EQ(p.client.read_to_end(), "");
  const std::string much(3 << 20, 'x');
  std::size_t sent = 0;
  std::size_t read = 0;
  while (sent < much.size()) {
    sent += p.client.send_some(std::string_view(much).substr(sent));
    if (sent < much.size()) read += web.read_exactly(std::min<std::size_t>(65536, sent - read)).size();
  }
  p.client.half_close();
  EXPECT_EQ(read + web.read_to_end().size(), much.size());
}

TEST(HalfClose, a_half_open_tunnel_has_its_idle_time) {
  Proxied p;
  ScriptedSocket web = p.begin_tunnel();
  p.client.half_close();
  EXPECT_EQ(web.read_to_end(), "");
  p.advance(55s);
  EXPECT_EQ(p.field(p.line(), "code"), "H15");
}

constexpr std::string_view kUpload = "POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 100000000\r\n\r\n";

TEST(Lingering, an_upload_is_read_away_while_it_comes) {
  Proxied p;
  ScriptedSocket web = p.begin(kUpload);
  web.send("HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno");
  p.settle();
  EXPECT_EQ(p.field(p.line(), "status"), "401");
  for (int second = 0; second < 28; second += 4) {
    p.advance(4s);
    p.client.send(std::string(100000, 'x'));
    p.settle();
    EXPECT_EQ(p.proxy->counters().client_connections, 1u) << second;
  }
  EXPECT_TRUE(p.client.read_to_end().ends_with("no"));
  p.advance(4s);
  EXPECT_EQ(p.proxy->counters().client_connections, 0u) << "after 30 s in all";
}

TEST(Lingering, silence_ends_it) {
  Proxied p;
  ScriptedSocket web = p.begin(kUpload);
  web.send("HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno");
  p.line();
  p.settle();
  p.advance(4900ms);
  EXPECT_EQ(p.proxy->counters().client_connections, 1u);
  p.advance(200ms);
  EXPECT_EQ(p.proxy->counters().client_connections, 0u);
}

TEST(Lingering, is_short_when_we_stop) {
  Proxied p;
  ScriptedSocket web = p.begin(kUpload);
  web.send("HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno");
  p.line();
  p.settle();
  p.proxy->stop_accepting();
  p.advance(2s);
  EXPECT_EQ(p.proxy->counters().client_connections, 0u);
}

TEST(SlowUpload, of_a_byte_a_second_ends) {
  Proxied p;
  ScriptedSocket web = p.begin(kUpload);
  for (int second = 0; second < 120 && p.outlet.lines.empty(); ++second) {
    p.client.send("x");
    p.advance(1s);
  }
  const std::string line = p.line();
  EXPECT_EQ(p.field(line, "code"), "H28") << line;
  EXPECT_EQ(p.field(line, "status"), "499") << line;
  EXPECT_TRUE(p.client.is_closed());
  EXPECT_TRUE(web.is_closed());
}

TEST(SlowUpload, over_the_minimum_rate_goes_on) {
  Proxied p;
  ScriptedSocket web = p.begin(kUpload);
  for (int second = 0; second < 300; ++second) {
    p.client.send(std::string(70, 'x'));
    p.advance(1s);
  }
  EXPECT_TRUE(p.outlet.lines.empty());
}

TEST(SlowUpload, without_minimum_goes_on_until_its_time_is_over) {
  RouterSettings settings = router_settings();
  settings.upload_min_rate = 0_B;
  settings.upload_timeout = 200s;
  Proxied p(settings);
  ScriptedSocket web = p.begin(kUpload);
  for (int second = 0; second < 195; ++second) {
    p.client.send("x");
    p.advance(1s);
  }
  EXPECT_TRUE(p.outlet.lines.empty());
  p.advance(10s);
  p.client.send("x");
  EXPECT_EQ(p.field(p.line(), "code"), "H28");
}

TEST(SlowUpload, time_that_the_backend_takes_is_not_the_clients) {
  Proxied p;
  ScriptedSocket web = p.begin(kUpload);
  std::size_t sent = 0;
  for (std::size_t more = 1; more > 0;) {
    p.settle();
    sent += more = p.client.send_some(std::string(1 << 20, 'x'));
    if (sent > 50000000) break;
  }
  p.advance(50s);
  EXPECT_TRUE(p.outlet.lines.empty());
  web.read_exactly(sent / 2);
  p.advance(10s);
  p.client.send("x");
  p.settle();
  EXPECT_TRUE(p.outlet.lines.empty());
}

TEST(SlowReader, that_goes_on_sending_is_no_better) {
  Proxied p;
  ScriptedSocket web = p.begin(kUpload);
  web.send("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n");
  p.settle();
  for (std::size_t more = 1; more > 0;) {
    more = web.send_some(std::string(1 << 20, 'x'));
    p.settle();
  }
  for (int second = 0; second < 60 && p.outlet.lines.empty(); second += 5) {
    p.client.send("x");
    p.advance(5s);
  }
  const std::string line = p.line();
  EXPECT_EQ(p.field(line, "code"), "H28") << line;
}

TEST(Loop, a_request_that_comes_back_is_508) {
  Proxied p;
  p.settings.via = "sluice-0123456789ab";
  p.client.send("GET / HTTP/1.1\r\nHost: app.test\r\nVia: 1.0 x, 1.1 Sluice-0123456789AB\r\n\r\n");
  const std::string page = p.client.read_to_end();
  EXPECT_TRUE(page.starts_with("HTTP/1.1 508 Loop Detected\r\n")) << page;
  const std::string line = p.line();
  EXPECT_TRUE(line.starts_with("at=error code=H26 desc=\"Request Error\" cause=\"loop\" method=GET")) << line;
  EXPECT_EQ(p.field(line, "status"), "508");
  EXPECT_EQ(p.outlet.lines[0].channel, p.feed->current().channel("app")->slot);
  EXPECT_FALSE(p.web.has_connection());
}

TEST(Loop, via_names_the_node_both_ways) {
  Proxied p;
  p.settings.via = "sluice-0123456789ab";
  p.client.send(kGet);
  ScriptedSocket web = p.web.accept();
  EXPECT_NE(web.read_until("\r\n\r\n").find("\r\nVia: 1.1 sluice-0123456789ab\r\n"), std::string::npos);
  web.send(kHello);
  EXPECT_NE(p.client.read_message().find("\r\nVia: 1.1 sluice-0123456789ab\r\n"), std::string::npos);
  EXPECT_EQ(router_pseudonym(0x0123456789abcdef), "sluice-0123456789ab");
}

TEST(ChunkHeads, are_written_anew_towards_both) {
  Proxied p;
  ScriptedSocket web =
      p.begin("POST / HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\n\r\n3;a=\"\r\nabc\r\n0005");
  EXPECT_EQ(web.read_until("abc"), "3\r\nabc");
  p.client.send(";x\r\nhello\r\n0;y\r\nX_Forwarded_For: 6.6.6.6\r\nT: v\r\nAuthorization: x\r\n\r\n");
  EXPECT_EQ(web.read_until("\r\n\r\n"), "\r\n5\r\nhello\r\n0\r\nT: v\r\n\r\n");
  web.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5  \r\nhel");
  p.settle();
  web.send("lo\r\n0 ;=\r\nSet-Cookie: a\r\nT: v\r\n\r\n");
  p.client.read_until("\r\n\r\n");
  EXPECT_EQ(p.client.read_until("T: v\r\n\r\n"), "5\r\nhello\r\n0\r\nT: v\r\n\r\n");
  EXPECT_EQ(p.field(p.line(), "status"), "200");
  EXPECT_EQ(p.proxy->table().idle_connections(), 1u);
}

TEST(NoContent, has_no_framing) {
  for (const char* framing : {"Transfer-Encoding: chunked\r\n", "Content-Length: 0\r\n", "Content-Length: 7\r\n"}) {
    Proxied p;
    ScriptedSocket web = p.begin();
    web.send("HTTP/1.1 204 No Content\r\n" + std::string(framing) + "\r\n");
    const std::string head = p.client.read_until("\r\n\r\n");
    EXPECT_EQ(head.find("Content-Length"), std::string::npos) << head;
    EXPECT_EQ(head.find("Transfer-Encoding"), std::string::npos) << head;
    EXPECT_EQ(p.field(p.line(), "status"), "204");
    p.client.send(kGet);
    EXPECT_TRUE(p.web.has_connection() || p.proxy->counters().backend_reuses == 1);
  }
}

}  // namespace
}  // namespace sluice::router
