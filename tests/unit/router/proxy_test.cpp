#include <gtest/gtest.h>

#include "tests/unit/router/proxy_harness.hpp"

namespace sluice::router {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kGet = "GET /path?q=1 HTTP/1.1\r\nHost: app.test\r\n\r\n";
constexpr std::string_view kHello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

Backend backend(const std::string& name, const ScriptedListener& listener) {
  Backend b;
  b.name = name;
  b.address = listener.address();
  return b;
}

/// A harness with one backend, and a client.
struct Proxied : ProxyHarness {
  explicit Proxied(RouterSettings s = router_settings()) : ProxyHarness(std::move(s)) {
    set_app({backend("web.1", web)});
  }
  ScriptedListener web{*this};
  ScriptedSocket client = connect();
};

TEST(Proxy, relays_a_request_and_writes_its_line) {
  Proxied p;
  p.client.send(kGet);
  ScriptedSocket web = p.web.accept();
  const std::string head = web.read_until("\r\n\r\n");
  EXPECT_TRUE(head.starts_with("GET /path?q=1 HTTP/1.1\r\nHost: app.test\r\n")) << head;
  EXPECT_NE(head.find("X-Forwarded-For: 192.0.2.7\r\n"), std::string::npos);
  EXPECT_NE(head.find("X-Forwarded-Proto: http\r\n"), std::string::npos);
  EXPECT_NE(head.find("X-Forwarded-Port: " + std::to_string(p.listener.port())), std::string::npos);
  EXPECT_NE(head.find("Via: 1.1 sluice\r\n"), std::string::npos);
  const std::string id = head.substr(head.find("X-Request-Id: ") + 14, 36);
  web.send(kHello);
  const std::string response = p.client.read_message();
  EXPECT_TRUE(response.starts_with("HTTP/1.1 200 OK\r\n")) << response;
  EXPECT_TRUE(response.ends_with("hello"));
  EXPECT_EQ(p.line(), "at=info method=GET path=\"/path?q=1\" host=app.test request_id=" + id +
                          " fwd=\"192.0.2.7\" dyno=web.1 connect=0ms service=0ms status=200 bytes=" +
                          std::to_string(response.size()) + " protocol=http1.1 tls=false");
  const SentLine& sent = p.outlet.lines[0];
  EXPECT_EQ(sent.line.pri, 158);
  EXPECT_EQ(sent.line.host, "host");
  EXPECT_EQ(sent.line.source, "heroku");
  EXPECT_EQ(sent.line.process, "router");
  EXPECT_EQ(sent.time, "2026-01-02T03:00:00.000000+00:00");
  EXPECT_EQ(sent.channel, p.feed->current().channel("app")->slot);
}

TEST(Proxy, keeps_both_connections_for_the_next_request) {
  Proxied p;
  p.client.send(kGet);
  ScriptedSocket web = p.web.accept();
  for (int i = 0; i < 3; ++i) {
    if (i > 0) p.client.send(kGet);
    web.read_until("\r\n\r\n");
    web.send(kHello);
    EXPECT_TRUE(p.client.read_message().ends_with("hello"));
    EXPECT_EQ(p.field(p.line(), "status"), "200");
  }
  EXPECT_FALSE(p.web.has_connection());
  EXPECT_EQ(p.proxy->counters().backend_connects, 1u);
  EXPECT_EQ(p.proxy->counters().backend_reuses, 2u);
  EXPECT_EQ(p.proxy->counters().active_requests, 0u);
}

TEST(Proxy, head_and_body_in_any_pieces) {
  const std::string request = "POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 5\r\n\r\n12345";
  for (std::size_t cut = 1; cut < request.size(); ++cut) {
    Proxied p;
    p.client.send(request.substr(0, cut));
    p.settle();
    p.client.send(request.substr(cut));
    ScriptedSocket web = p.web.accept();
    web.read_until("\r\n\r\n");
    EXPECT_EQ(web.read_exactly(5), "12345") << cut;
    web.send(kHello);
    EXPECT_TRUE(p.client.read_message().ends_with("hello")) << cut;
  }
}

TEST(Proxy, response_in_any_pieces) {
  const std::string response =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x\r\nde\r\n0\r\nT: v\r\n\r\n";
  for (std::size_t cut = 1; cut < response.size(); ++cut) {
    Proxied p;
    p.client.send(kGet);
    ScriptedSocket web = p.web.accept();
    web.read_until("\r\n\r\n");
    web.send(response.substr(0, cut));
    p.settle();
    web.send(response.substr(cut));
    p.client.read_until("\r\n\r\n");
    EXPECT_EQ(p.client.read_until("T: v\r\n\r\n"), "3\r\nabc\r\n2\r\nde\r\n0\r\nT: v\r\n\r\n");
    EXPECT_EQ(p.field(p.line(), "status"), "200");
    EXPECT_EQ(p.proxy->table().idle_connections(), 1u) << cut;
  }
}

TEST(Proxy, pipelined_requests_are_answered_in_order) {
  Proxied p;
  p.client.send(
      "GET /1 HTTP/1.1\r\nHost: app.test\r\n\r\nGET /2 HTTP/1.1\r\nHost: app.test\r\n\r\n"
      "POST /3 HTTP/1.1\r\nHost: app.test\r\nContent-Length: 3\r\n\r\nabcGET /4 HTTP/1.1\r\nHost: app.test\r\n\r\n");
  ScriptedSocket web = p.web.accept();
  for (const char* path : {"/1", "/2", "/3", "/4"}) {
    const std::string head = web.read_until("\r\n\r\n");
    EXPECT_NE(head.find(std::string(" ") + path + " "), std::string::npos) << head;
    if (std::string(path) == "/3") {
      EXPECT_EQ(web.read_exactly(3), "abc");
    }
    EXPECT_TRUE(web.is_silent()) << "the next request came before the answer to " << path;
    web.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n" + std::string(path));
    EXPECT_TRUE(p.client.read_message().ends_with(path));
    EXPECT_EQ(p.field(p.line(), "path"), "\"" + std::string(path) + "\"");
  }
}

TEST(Proxy, streams_a_large_body_both_ways_with_back_pressure) {
  Proxied p;
  const std::size_t size = 32 << 20;  // more than the kernel buffers on four sockets
  const std::string part(1 << 20, 'x');
  p.client.send("POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n");
  ScriptedSocket web = p.web.accept();
  web.read_until("\r\n\r\n");
  std::size_t sent = 0;
  for (int quiet = 0; quiet < 5; p.settle()) {  // nobody reads at the other end
    const std::size_t n = p.client.send_some(std::string_view(part).substr(0, std::min(part.size(), size - sent)));
    sent += n;
    quiet = n == 0 ? quiet + 1 : 0;
  }
  EXPECT_LT(sent, size) << "the proxy took the whole body without a reader";
  std::size_t got = 0;
  while (got < size) {
    if (sent < size) sent += p.client.send_some(std::string_view(part).substr(0, std::min(part.size(), size - sent)));
    const std::size_t n = std::min<std::size_t>(65536, size - got);
    if (web.read_exactly(n).size() != n) break;
    got += n;
  }
  EXPECT_EQ(got, size);
  web.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n");
  sent = got = 0;
  p.client.read_until("\r\n\r\n");
  while (got < size) {
    if (sent < size) sent += web.send_some(std::string_view(part).substr(0, std::min(part.size(), size - sent)));
    const std::size_t n = std::min<std::size_t>(65536, size - got);
    if (p.client.read_exactly(n).size() != n) break;
    got += n;
  }
  EXPECT_EQ(got, size);
  EXPECT_EQ(p.field(p.line(), "status"), "200");
}

TEST(Proxy, chunked_requests_pass_as_they_came) {
  Proxied p;
  p.client.send("POST / HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab");
  ScriptedSocket web = p.web.accept();
  EXPECT_NE(web.read_until("\r\n\r\n").find("Transfer-Encoding: chunked\r\n"), std::string::npos);
  EXPECT_EQ(web.read_exactly(5), "3\r\nab");
  p.client.send("c\r\n0\r\n\r\n");
  EXPECT_EQ(web.read_exactly(8), "c\r\n0\r\n\r\n");
  web.send(kHello);
  EXPECT_TRUE(p.client.read_message().ends_with("hello"));
}

TEST(Proxy, bad_chunk_is_answered_400_and_the_backend_gets_only_what_was_good) {
  Proxied p;
  p.client.send(
      "POST / HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n5\r\nhello\r\n");
  EXPECT_TRUE(p.client.read_to_end().starts_with("HTTP/1.1 400 Bad Request\r\n"));
  const std::string line = p.line();
  EXPECT_TRUE(line.starts_with("at=error code=H26 desc=\"Request Error\" cause=\"bad chunk\" method=POST")) << line;
  EXPECT_EQ(p.field(line, "dyno"), "web.1");
}

TEST(Proxy, http_1_0_client_gets_content_without_chunks) {
  Proxied p;
  p.client.send("GET / HTTP/1.0\r\nHost: app.test\r\nConnection: keep-alive\r\n\r\n");
  ScriptedSocket web = p.web.accept();
  EXPECT_TRUE(web.read_until("\r\n\r\n").starts_with("GET / HTTP/1.1\r\n"));
  web.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
  web.send("2\r\nde\r\n0\r\n\r\n");
  const std::string response = p.client.read_to_end();
  EXPECT_TRUE(response.ends_with("\r\n\r\nabcde")) << response;
  EXPECT_EQ(response.find("Transfer-Encoding"), std::string::npos);
  EXPECT_NE(response.find("Connection: close\r\n"), std::string::npos);
  EXPECT_TRUE(p.line().ends_with("protocol=http1.0 tls=false"));
}

TEST(Proxy, response_until_close_closes_the_client) {
  Proxied p;
  p.client.send(kGet);
  ScriptedSocket web = p.web.accept();
  web.read_until("\r\n\r\n");
  web.send("HTTP/1.1 200 OK\r\n\r\nsome");
  web.send("thing");
  p.settle();
  web.close();
  const std::string response = p.client.read_to_end();
  EXPECT_TRUE(response.ends_with("something"));
  EXPECT_NE(response.find("Connection: close\r\n"), std::string::npos);
  EXPECT_EQ(p.field(p.line(), "status"), "200");
}

TEST(Proxy, head_204_and_304_have_no_body) {
  Proxied p;
  p.client.send("HEAD / HTTP/1.1\r\nHost: app.test\r\n\r\n");
  ScriptedSocket web = p.web.accept();
  EXPECT_TRUE(web.read_until("\r\n\r\n").starts_with("HEAD / "));
  web.send("HTTP/1.1 200 OK\r\nContent-Length: 43\r\n\r\n");
  EXPECT_NE(p.client.read_until("\r\n\r\n").find("Content-Length: 43\r\n"), std::string::npos);
  for (const std::string status : {"204 No Content", "304 Not Modified"}) {
    p.client.send(kGet);
    web.read_until("\r\n\r\n");
    web.send("HTTP/1.1 " + status + "\r\n\r\n");
    EXPECT_TRUE(p.client.read_until("\r\n\r\n").starts_with("HTTP/1.1 " + status));
  }
  EXPECT_EQ(p.field(p.line(), "status"), "200");
  EXPECT_EQ(p.field(p.line(), "status"), "204");
  EXPECT_EQ(p.field(p.line(), "status"), "304");
}

TEST(Proxy, interim_responses_pass) {
  Proxied p;
  p.client.send(kGet);
  ScriptedSocket web = p.web.accept();
  web.read_until("\r\n\r\n");
  web.send("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n");
  EXPECT_TRUE(p.client.read_until("\r\n\r\n").starts_with("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n"));
  web.send(kHello);
  EXPECT_TRUE(p.client.read_message().ends_with("hello"));
  EXPECT_EQ(p.field(p.line(), "status"), "200");
}

TEST(Proxy, early_answer_during_an_upload_arrives) {
  Proxied p;
  p.client.send("POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 100000\r\n\r\nbegin");
  ScriptedSocket web = p.web.accept();
  web.read_until("begin");
  web.send("HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig");
  const std::string response = p.client.read_to_end();
  EXPECT_TRUE(response.starts_with("HTTP/1.1 413 Too Large\r\n")) << response;
  EXPECT_NE(response.find("Connection: close\r\n"), std::string::npos);
  EXPECT_TRUE(web.is_closed());
  const std::string line = p.line();
  EXPECT_TRUE(line.starts_with("at=info ")) << line;
  EXPECT_EQ(p.field(line, "status"), "413");
}

TEST(Proxy, expect_100_continue_is_answered_by_us) {
  Proxied p;
  p.client.send("POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  const std::string interim = p.client.read_until("\r\n\r\n");
  EXPECT_EQ(interim, "HTTP/1.1 100 Continue\r\n\r\n");
  p.client.send("abc");
  ScriptedSocket web = p.web.accept();
  EXPECT_EQ(web.read_until("\r\n\r\n").find("Expect"), std::string::npos);
  EXPECT_EQ(web.read_exactly(3), "abc");
  web.send(kHello);
  const std::string answer = p.client.read_message();
  EXPECT_TRUE(answer.ends_with("hello"));
  EXPECT_EQ(p.field(p.line(), "bytes"), std::to_string(interim.size() + answer.size()));
}

TEST(Proxy, unknown_expectations_are_refused) {
  Proxied p;
  p.client.send("POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 3\r\nExpect: whatever\r\n\r\n");
  EXPECT_TRUE(p.client.read_to_end().starts_with("HTTP/1.1 417 "));
  EXPECT_TRUE(
      p.line().starts_with("at=error code=H26 desc=\"Request Error\" cause=\"unsupported expect header value\""));
}

TEST(Proxy, upgrade_becomes_a_byte_pipe) {
  Proxied p;
  p.client.send("GET /chat HTTP/1.1\r\nHost: app.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  ScriptedSocket web = p.web.accept();
  const std::string head = web.read_until("\r\n\r\n");
  EXPECT_NE(head.find("Connection: Upgrade\r\nUpgrade: websocket\r\n"), std::string::npos) << head;
  web.send("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nhi");
  EXPECT_TRUE(p.client.read_until("\r\n\r\n").starts_with("HTTP/1.1 101 "));
  EXPECT_EQ(p.client.read_exactly(2), "hi");
  p.client.send("ping\r\n\r\nGET /");
  EXPECT_EQ(web.read_exactly(13), "ping\r\n\r\nGET /");
  web.send("pong");
  EXPECT_EQ(p.client.read_exactly(4), "pong");
  p.client.close();
  EXPECT_TRUE(web.is_closed()) << "the backend is not told";
  web.close();
  const std::string line = p.line();
  EXPECT_TRUE(line.starts_with("at=info ")) << line;
  EXPECT_EQ(p.field(line, "status"), "101");
}

TEST(Proxy, upgrade_refused_stays_http) {
  Proxied p;
  p.client.send("GET /chat HTTP/1.1\r\nHost: app.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  ScriptedSocket web = p.web.accept();
  web.read_until("\r\n\r\n");
  web.send("HTTP/1.1 426 No\r\nContent-Length: 0\r\n\r\n");
  EXPECT_TRUE(p.client.read_message().starts_with("HTTP/1.1 426 No"));
  EXPECT_EQ(p.field(p.line(), "status"), "426");
}

TEST(Proxy, requests_per_connection_is_a_limit) {
  RouterSettings settings = router_settings();
  settings.requests_per_connection = 1;
  Proxied p(settings);
  p.client.send(kGet);
  ScriptedSocket web = p.web.accept();
  web.read_until("\r\n\r\n");
  web.send(kHello);
  EXPECT_NE(p.client.read_to_end().find("Connection: close\r\n"), std::string::npos);
}

TEST(Proxy, config_changes_act_at_once) {
  Proxied p;
  ScriptedListener other(p);
  p.set_app({backend("web.2", other)});
  p.client.send(kGet);
  ScriptedSocket web = other.accept();
  web.read_until("\r\n\r\n");
  p.remove_app();
  web.send(kHello);
  EXPECT_TRUE(p.client.read_message().ends_with("hello"));
  EXPECT_EQ(p.field(p.line(), "dyno"), "web.2");
  EXPECT_TRUE(web.is_closed());
  p.client.send(kGet);
  EXPECT_TRUE(p.client.read_to_end().starts_with("HTTP/1.1 404 "));
}

TEST(Proxy, backends_given_by_name_are_looked_up) {
  Proxied p;
  Backend named = backend("web.1", p.web);
  named.address = "backend.example:" + std::to_string(p.web.port());
  p.resolver.addresses["backend.example"] = {asio::ip::make_address("127.0.0.1")};
  p.set_app({named});
  p.client.send(kGet);
  p.settle();
  p.advance(10ms);
  ScriptedSocket web = p.web.accept();
  web.read_until("\r\n\r\n");
  web.send(kHello);
  EXPECT_TRUE(p.client.read_message().ends_with("hello"));
  EXPECT_EQ(p.resolver.asked, 1);
}

TEST(Proxy, the_next_address_of_a_name_is_tried_and_remembered) {
  Proxied p;
  Backend named = backend("web.1", p.web);
  named.address = "backend.example:" + std::to_string(p.web.port());
  p.resolver.addresses["backend.example"] = {asio::ip::make_address("127.0.0.9"), asio::ip::make_address("127.0.0.1")};
  p.set_app({named});
  for (const std::uint64_t connects : {2u, 3u}) {  // the listener is on 127.0.0.1 only
    ScriptedSocket client = p.connect();
    client.send("GET / HTTP/1.1\r\nHost: app.test\r\n\r\n");
    p.advance(10ms);
    ScriptedSocket web = p.web.accept();
    web.read_until("\r\n\r\n");
    web.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
    EXPECT_TRUE(client.read_message().ends_with("ok"));
    EXPECT_EQ(p.field(p.line(), "status"), "200");
    EXPECT_EQ(p.proxy->counters().backend_connects, connects);
  }
}

TEST(Proxy, graceful_stop_finishes_requests_and_closes_idle_connections) {
  Proxied p;
  ScriptedSocket idle = p.connect();
  p.client.send(kGet);
  ScriptedSocket web = p.web.accept();
  web.read_until("\r\n\r\n");
  p.proxy->stop_accepting();
  EXPECT_TRUE(idle.is_closed());
  web.send(kHello);
  EXPECT_NE(p.client.read_to_end().find("Connection: close\r\n"), std::string::npos);
  EXPECT_EQ(p.field(p.line(), "status"), "200");
  EXPECT_EQ(p.proxy->counters().client_connections, 0u);
}

TEST(Proxy, stop_cut_short_is_H24) {
  Proxied p;
  p.client.send(kGet);
  ScriptedSocket web = p.web.accept();
  web.read_until("\r\n\r\n");
  p.proxy->stop_accepting();
  p.proxy->cancel();
  EXPECT_TRUE(p.client.is_closed());
  const std::string line = p.line();
  EXPECT_TRUE(line.starts_with("at=error code=H24 desc=\"Forced close\" method=GET")) << line;
  EXPECT_EQ(p.field(line, "status"), "");
}

}  // namespace
}  // namespace sluice::router
