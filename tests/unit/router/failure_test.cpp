#include <gtest/gtest.h>

#include "tests/unit/router/proxy_harness.hpp"

namespace sluice::router {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kGet = "GET /path HTTP/1.1\r\nHost: app.test\r\n\r\n";
constexpr std::string_view kHello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

Backend backend(const std::string& name, const std::string& address) {
  Backend b;
  b.name = name;
  b.address = address;
  return b;
}

struct Proxied : ProxyHarness {
  explicit Proxied(RouterSettings s = router_settings()) : ProxyHarness(std::move(s)) {
    set_app({backend("web.1", web.address())});
  }
  /// Sends a request and lets the backend have it.
  ScriptedSocket begin(std::string_view request = kGet) {
    client.send(request);
    ScriptedSocket socket = web.accept();
    socket.read_until("\r\n\r\n");
    return socket;
  }
  void expect_failure(const std::string& start, const std::string& status) {
    const std::string page = client.read_to_end();
    EXPECT_TRUE(page.starts_with("HTTP/1.1 " + status + " ")) << page;
    const std::string line = this->line();
    EXPECT_TRUE(line.starts_with(start)) << line;
    EXPECT_EQ(field(line, "status"), status) << line;
    EXPECT_EQ(field(line, "bytes"), std::to_string(page.size())) << line;
    EXPECT_EQ(proxy->counters().active_requests, 0u);
    EXPECT_EQ(outlet.lines.size(), lines_seen);
  }
  ScriptedListener web{*this};
  ScriptedSocket client = connect();
};

TEST(RouterErrors, unknown_host_goes_to_the_reserved_channel) {
  Proxied p;
  p.client.send("GET /x HTTP/1.1\r\nHost: nowhere.test\r\n\r\n");
  p.expect_failure("at=error desc=\"No such app\" method=GET path=\"/x\" host=nowhere.test", "404");
  EXPECT_EQ(p.outlet.lines[0].channel, p.feed->current().router_channel().slot);
}

TEST(RouterErrors, requests_that_are_none_have_a_line_too) {
  const std::pair<std::string, std::string> table[] = {
      {"GET / HTTP/1.1\r\n\r\n", "400"},
      {"GET / HTTP/1.1\nHost: app.test\n\n", "400"},
      {"\x16\x03\x01", "400"},
      {"GET / HTTP/2.0\r\n", "505"},
      {"GET /" + std::string(9000, 'x'), "414"},
      {"POST / HTTP/1.1\r\nHost: nowhere.test\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", "400"},
  };
  for (const auto& [bytes, status] : table) {
    Proxied p;
    p.client.send(bytes);
    p.expect_failure("at=error code=H26 desc=\"Request Error\" cause=", status);
    EXPECT_EQ(p.outlet.lines[0].channel, p.feed->current().router_channel().slot);
  }
}

TEST(RouterErrors, bad_header_of_a_known_app_is_its_own) {
  Proxied p;
  p.client.send("GET /y HTTP/1.1\r\nHost: app.test\r\nBad Header: x\r\n\r\n");
  p.expect_failure("at=error code=H26 desc=\"Request Error\" cause=\"bad header\" method=GET path=\"/y\" host=app.test",
                   "400");
  EXPECT_EQ(p.outlet.lines[0].channel, p.feed->current().channel("app")->slot);
}

TEST(RouterErrors, slow_head_is_408_and_silence_is_closed_without_a_word) {
  Proxied p;
  ScriptedSocket silent = p.connect();
  p.client.send("GET /slow HTTP/1.1\r\nHost: app");
  p.settle();
  ScriptedSocket other = p.connect();
  other.send("PUT /other HTTP/1.1\r\nHost");  // goes through the same read buffer
  p.advance(59s);
  EXPECT_TRUE(p.client.is_silent());
  other.close();
  EXPECT_EQ(p.field(p.line(), "path"), "\"/other\"");
  p.advance(1s);
  EXPECT_TRUE(silent.read_to_end().empty());
  p.expect_failure("at=error code=H26 desc=\"Request Error\" cause=\"head timeout\" method=GET path=\"/slow\"", "408");
}

TEST(RouterErrors, H14_without_backends) {
  Proxied p;
  p.set_app({});
  p.client.send(kGet);
  p.expect_failure("at=error code=H14 desc=\"No web processes running\" method=GET", "503");
}

TEST(RouterErrors, H80_in_maintenance) {
  Proxied p;
  Features features;
  features.maintenance = true;
  p.set_app({backend("web.1", p.web.address())}, features);
  p.client.send(kGet);
  p.expect_failure("at=info code=H80 desc=\"Maintenance mode\" method=GET", "503");
}

TEST(RouterErrors, H12_counts_from_the_end_of_the_request) {
  Proxied p;
  ScriptedSocket web = p.begin("POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 2\r\n\r\na");
  p.advance(40s);
  p.client.send("b");
  web.read_until("ab");
  p.advance(29s);
  EXPECT_TRUE(p.client.is_silent());
  p.advance(1s);
  p.expect_failure("at=error code=H12 desc=\"Request timeout\" method=POST", "503");
  EXPECT_TRUE(p.outlet.lines[0].text.find("dyno=web.1 connect=0ms service=700") != std::string::npos)
      << p.outlet.lines[0].text;
  EXPECT_TRUE(web.is_closed());
}

TEST(RouterErrors, H12_also_on_a_pooled_connection) {
  Proxied p;
  ScriptedSocket web = p.begin();
  web.send(kHello);
  p.client.read_message();
  p.line();
  p.client.send(kGet);
  web.read_until("\r\n\r\n");
  p.advance(30s);
  p.expect_failure("at=error code=H12", "503");
}

TEST(RouterErrors, H13_when_the_backend_closes_without_a_byte) {
  Proxied p;
  ScriptedSocket web = p.begin();
  web.close();
  p.expect_failure("at=error code=H13 desc=\"Connection closed without response\"", "503");
}

TEST(RouterErrors, H17_for_garbage) {
  for (const char* answer : {"garbage\r\n\r\n", "HTTP/1.1 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
                             "HTTP/1.1 200 OK\r\na : b\r\n\r\n", "HTTP/1.1 101 Switching\r\n\r\n"}) {
    Proxied p;
    ScriptedSocket web = p.begin();
    web.send(answer);
    p.expect_failure("at=error code=H17 desc=\"Poorly formatted HTTP response\"", "503");
    EXPECT_TRUE(web.is_closed());
  }
}

TEST(RouterErrors, H17_for_interim_responses_without_end) {
  Proxied p;
  ScriptedSocket web = p.begin();
  std::string flood;
  for (int i = 0; i < 1000; ++i) flood += "HTTP/1.1 103 Early Hints\r\n\r\n";
  web.send(flood);
  const std::string line = p.line();
  EXPECT_TRUE(line.starts_with("at=error code=H17 desc=\"Poorly formatted HTTP response\" cause=\"too many interim"))
      << line;
  EXPECT_TRUE(p.client.is_closed());
}

TEST(RouterErrors, H25_for_responses_over_a_limit) {
  const std::pair<std::string, std::string> table[] = {
      {"Set-Cookie: " + std::string(8193, 'c'), "oversized cookie"},
      {"Content-Length: 1\r\nContent-Length: 2", "invalid content length"},
      {"Content-Length: 1,1", "invalid content length"},
      {"a: " + std::string(1 << 20, 'x'), "oversized header"}};
  for (const auto& [fields, what] : table) {
    Proxied p;
    ScriptedSocket web = p.begin();
    web.send("HTTP/1.1 200 OK\r\n" + fields + "\r\n\r\n");
    p.expect_failure("at=error code=H25 desc=\"HTTP restriction: " + what + "\" method=GET", "502");
  }
  Proxied p;
  ScriptedSocket web = p.begin();
  web.send("HTTP/1.1 200 " + std::string(10000, 'x') + "\r\n\r\n");
  p.expect_failure("at=error code=H25 desc=\"HTTP restriction: oversized status line\"", "502");
}

TEST(RouterErrors, H18_in_the_middle_of_a_response) {
  Proxied p;
  ScriptedSocket web = p.begin();
  web.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
  p.settle();
  web.close();
  EXPECT_TRUE(p.client.read_to_end().ends_with("hello"));
  const std::string line = p.line();
  EXPECT_TRUE(line.starts_with("sock=backend at=error code=H18 desc=\"Server Request Interrupted\" method=GET"))
      << line;
  EXPECT_EQ(p.field(line, "status"), "200");
}

TEST(RouterErrors, H18_in_the_middle_of_a_head) {
  Proxied p;
  ScriptedSocket web = p.begin();
  web.send("HTTP/1.1 200 OK\r\nConten");
  p.settle();
  web.close();
  p.expect_failure("sock=backend at=error code=H18", "503");
}

TEST(RouterErrors, bad_chunk_in_a_response_cannot_look_whole) {
  Proxied p;
  ScriptedSocket web = p.begin();
  web.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n5\r\nhello\r\n0\r\n\r\n");
  const std::string response = p.client.read_to_end();
  EXPECT_NE(response.find("3\r\nabc\r\n0\r\n"), std::string::npos);
  EXPECT_EQ(response.find("hello"), std::string::npos);
  EXPECT_FALSE(response.ends_with("\r\n\r\n"));
  EXPECT_TRUE(p.line().starts_with("at=error code=H17"));
}

TEST(RouterErrors, H15_when_the_backend_falls_silent) {
  Proxied p;
  ScriptedSocket web = p.begin();
  web.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
  p.advance(54s);
  web.send("x");
  p.advance(54s);
  EXPECT_FALSE(p.client.read_until("hellox").empty());
  p.advance(1s);
  EXPECT_TRUE(p.client.is_closed());
  const std::string line = p.line();
  EXPECT_TRUE(line.starts_with("at=error code=H15 desc=\"Idle connection\"")) << line;
  EXPECT_EQ(p.field(line, "status"), "503");
}

TEST(RouterErrors, H28_when_the_client_falls_silent) {
  Proxied p;
  ScriptedSocket web = p.begin("POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 9\r\n\r\nabc");
  p.advance(55s);
  EXPECT_TRUE(p.client.is_closed());
  const std::string line = p.line();
  EXPECT_TRUE(line.starts_with("at=warning code=H28 desc=\"Client Connection Idle\" method=POST")) << line;
  EXPECT_EQ(p.field(line, "status"), "499");
  EXPECT_TRUE(web.is_closed());
}

TEST(RouterErrors, H27_when_the_client_leaves_before_the_answer) {
  Proxied p;
  ScriptedSocket web = p.begin();
  p.client.reset();
  EXPECT_TRUE(web.is_closed()) << "the backend is not told";
  const std::string line = p.line();
  EXPECT_TRUE(line.starts_with("sock=client at=warning code=H27 desc=\"Client Request Interrupted\" method=GET"))
      << line;
  EXPECT_EQ(p.field(line, "status"), "499");
  EXPECT_EQ(p.field(line, "bytes"), "0");
}

TEST(RouterErrors, H27_when_the_client_leaves_in_the_middle) {
  for (const bool reset : {false, true}) {
    Proxied p;
    ScriptedSocket web = p.begin();
    web.send("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\nhello");
    p.client.read_until("hello");
    if (reset)
      p.client.reset();
    else
      p.client.close();
    EXPECT_TRUE(p.until([&] {
      web.send_some(std::string(1000, 'x'));
      return !p.outlet.lines.empty();
    }));
    EXPECT_EQ(p.field(p.line(), "code"), "H27");
  }
}

TEST(RouterErrors, H27_within_a_body) {
  Proxied p;
  ScriptedSocket web = p.begin("POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 9\r\n\r\nabc");
  p.client.close();
  EXPECT_TRUE(web.is_closed());
  EXPECT_EQ(p.field(p.line(), "code"), "H27");
}

TEST(RouterErrors, H27_within_a_head) {
  Proxied p;
  p.client.send("GET /half HTTP/1.1\r\nHost: app.test\r\nAcce");
  p.settle();
  p.client.close();
  const std::string line = p.line();
  EXPECT_TRUE(line.starts_with("sock=client at=warning code=H27")) << line;
  EXPECT_EQ(p.field(line, "path"), "\"/half\"");
  EXPECT_EQ(p.outlet.lines[0].channel, p.feed->current().channel("app")->slot);
  p.connect().send("\r\n");  // an empty line is no request
  p.settle();
  EXPECT_EQ(p.outlet.lines.size(), 1u);
}

TEST(RouterErrors, H21_when_refused_then_quarantine_then_H34) {
  RouterSettings settings = router_settings();
  settings.quarantine = 100s;
  Proxied p(settings);
  p.web.close();
  p.client.send(kGet);
  p.expect_failure("at=error code=H21 desc=\"Backend connection refused\"", "503");
  EXPECT_NE(p.outlet.lines[0].text.find("dyno=web.1 connect=0ms service= status=503"), std::string::npos);
  p.client = p.connect();
  p.client.send(kGet);
  for (int second = 0; second < 76; ++second) p.advance(1s);
  p.expect_failure("at=error code=H34 desc=\"All up dynos are quarantined\"", "503");
  EXPECT_NE(p.outlet.lines[1].text.find("dyno= connect= service= status=503"), std::string::npos);
}

TEST(RouterErrors, quarantine_ends) {
  Proxied p;
  const std::string address = p.web.address();
  p.web.close();
  p.client.send(kGet);
  p.expect_failure("at=error code=H21", "503");
  ScriptedListener revived(p);
  p.client = p.connect();
  p.client.send(kGet);
  p.advance(1s);
  EXPECT_TRUE(p.client.is_silent());
  Backend same = backend("web.1", revived.address());
  p.set_app({same});
  p.advance(1s);
  ScriptedSocket web = revived.accept();
  web.read_until("\r\n\r\n");
  web.send(kHello);
  EXPECT_TRUE(p.client.read_message().ends_with("hello"));
}

TEST(RouterErrors, another_backend_is_tried) {
  for (int round = 0; round < 8; ++round) {
    Proxied p;
    ScriptedListener dead(p);
    p.set_app({backend("web.1", dead.address()), backend("web.2", p.web.address())});
    dead.close();
    ScriptedSocket web = p.begin();
    web.send(kHello);
    EXPECT_TRUE(p.client.read_message().ends_with("hello"));
    EXPECT_EQ(p.field(p.line(), "dyno"), "web.2");
  }
}

TEST(RouterErrors, H19_when_nobody_accepts) {
  Proxied p;
  ScriptedListener full(p, 0);
  std::vector<UniqueFd> fillers;  // fill the queue, so that further connects hang
  for (int i = 0; i < 4; ++i) {
    fillers.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(full.port());
    ::connect(fillers.back().fd(), reinterpret_cast<sockaddr*>(&address), sizeof address);
  }
  p.settle();
  p.set_app({backend("web.1", full.address())});
  p.client.send(kGet);
  p.advance(5s);
  p.expect_failure("at=error code=H19 desc=\"Backend connection timeout\"", "503");
  EXPECT_NE(p.outlet.lines[0].text.find("dyno=web.1 connect=5004ms service= "), std::string::npos)
      << p.outlet.lines[0].text;
}

TEST(RouterErrors, H11_when_every_backend_is_at_its_hard_limit) {
  Proxied p;
  Backend limited = backend("web.1", p.web.address());
  limited.hard = 1;
  p.set_app({limited});
  ScriptedSocket web = p.begin();
  ScriptedSocket second = p.connect();
  second.send(kGet);
  EXPECT_TRUE(second.read_to_end().starts_with("HTTP/1.1 503 "));
  EXPECT_EQ(p.field(p.line(), "code"), "H11");
  web.send(kHello);
  EXPECT_TRUE(p.client.read_message().ends_with("hello"));
}

TEST(StalePool, get_is_sent_again_and_post_is_not) {
  for (const bool idempotent : {true, false}) {
    Proxied p;
    ScriptedSocket web = p.begin();
    web.send(kHello);
    p.client.read_message();
    p.line();
    p.client.send(idempotent ? kGet : "POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 1\r\n\r\nx");
    web.read_until("\r\n\r\n");
    web.close();  // the backend gave up while the request was on its way
    if (!idempotent) {
      p.expect_failure("at=error code=H13", "503");
      continue;
    }
    ScriptedSocket fresh = p.web.accept();
    fresh.read_until("\r\n\r\n");
    fresh.send(kHello);
    EXPECT_TRUE(p.client.read_message().ends_with("hello"));
    EXPECT_EQ(p.field(p.line(), "status"), "200");
    EXPECT_EQ(p.proxy->counters().retries, 1u);
  }
}

TEST(StalePool, a_retry_happens_once) {
  Proxied p;
  ScriptedSocket web = p.begin();
  web.send(kHello);
  p.client.read_message();
  p.line();
  p.client.send(kGet);
  web.read_until("\r\n\r\n");
  web.close();
  ScriptedSocket fresh = p.web.accept();
  fresh.read_until("\r\n\r\n");
  fresh.close();
  p.expect_failure("at=error code=H13", "503");
}

TEST(StalePool, connections_with_unread_bytes_or_an_end_are_not_used) {
  for (const bool bytes : {true, false}) {
    Proxied p;
    ScriptedSocket web = p.begin();
    web.send(kHello);
    p.client.read_message();
    if (bytes)
      web.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
    else
      web.close();
    p.settle();
    EXPECT_EQ(p.proxy->table().idle_connections(), 0u);
    ScriptedSocket next = p.begin();
    next.send(kHello);
    EXPECT_TRUE(p.client.read_message().ends_with("hello"));
  }
}

TEST(StalePool, bytes_beyond_a_response_end_the_connection) {
  Proxied p;
  ScriptedSocket web = p.begin();
  web.send(std::string(kHello) + "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
  EXPECT_TRUE(p.client.read_message().ends_with("hello"));
  EXPECT_TRUE(web.is_closed());
  ScriptedSocket next = p.begin();
  next.send(kHello);
  EXPECT_TRUE(p.client.read_message().ends_with("hello"));
}

TEST(StalePool, idle_connections_end_after_their_time) {
  Proxied p;
  ScriptedSocket web = p.begin();
  web.send(kHello);
  p.client.read_message();
  p.settle();
  EXPECT_EQ(p.proxy->table().idle_connections(), 1u);
  p.advance(91s);
  EXPECT_EQ(p.proxy->table().idle_connections(), 0u);
  EXPECT_TRUE(web.is_closed());
}

}  // namespace
}  // namespace sluice::router
