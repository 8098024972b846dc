#include "router/http1/forward.hpp"

#include <gtest/gtest.h>

#include "tests/unit/router/http1/codec_support.hpp"

namespace sluice::router::http1 {
namespace {

std::string upstream(std::string_view bytes, const ForwardFacts& facts = sample_facts()) {
  RequestParser parser(wide_limits());
  std::unique_ptr<Slacked> buffer;
  EXPECT_EQ(feed(parser, bytes, 0, buffer), Progress::kDone) << bytes;
  return upstream_head(parser, facts);
}

std::string downstream(std::string_view bytes, DownstreamFacts facts = {}, bool to_head = false) {
  ResponseParser parser(wide_limits());
  parser.reset(to_head);
  std::unique_ptr<Slacked> buffer;
  EXPECT_EQ(feed(parser, bytes, 0, buffer), Progress::kDone) << bytes;
  if (facts.date.empty()) facts.date = "Sun, 22 Nov 2026 22:00:00 GMT";
  return downstream_head(parser, facts);
}

std::string value_of(const std::string& head, const std::string& name) {
  const std::size_t at = head.find("\r\n" + name + ": ");
  if (at == std::string::npos) return "(none)";
  const std::size_t value = at + name.size() + 4;
  EXPECT_EQ(head.find("\r\n" + name + ": ", value), std::string::npos) << name << " twice in " << head;
  return head.substr(value, head.find("\r\n", value) - value);
}

std::string get(std::string_view fields) { return "GET / HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n"; }

TEST(UpstreamHead, host_comes_first_and_hop_by_hop_fields_go) {
  const std::string head = upstream(
      "GET /x?y HTTP/1.1\r\nAccept: */*\r\nTE: trailers\r\nKeep-Alive: timeout=5\r\nProxy-Connection: close\r\n"
      "Proxy-Authorization: Basic x\r\nConnection: close, X-Drop\r\nX-Drop: 1\r\nTrailer: T\r\nX-Forwarded-Host: h\r\n"
      "Upgrade: websocket\r\nHost: A.example:81\r\nProxy: http://evil\r\nCookie: c\r\nAccept: text/html\r\nExpect: "
      "100-continue\r\n\r\n");
  EXPECT_TRUE(
      head.starts_with("GET /x?y HTTP/1.1\r\nHost: A.example:81\r\nAccept: */*\r\nTrailer: T\r\n"
                       "Cookie: c\r\nAccept: text/html\r\nX-Forwarded-For: "))
      << head;
  for (const char* gone : {"TE", "Keep-Alive", "Proxy-Connection", "Proxy-Authorization", "X-Drop", "Upgrade", "Expect",
                           "X-Forwarded-Host"})
    EXPECT_EQ(value_of(head, gone), "(none)") << gone;
  EXPECT_EQ(value_of(head, "Connection"), "keep-alive");
  EXPECT_TRUE(head.ends_with("\r\n\r\n"));
}

TEST(UpstreamHead, forwarding_fields_cannot_be_forged) {
  const std::string head =
      upstream(get("X-Forwarded-For: 1.1.1.1\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Port: 443\r\n"
                   "X-Forwarded-For: 2.2.2.2, 3.3.3.3\r\nX-Request-Start: 1\r\nX-Forwarded-For:\r\n"));
  EXPECT_EQ(value_of(head, "X-Forwarded-For"), "1.1.1.1, 2.2.2.2, 3.3.3.3, 192.0.2.7");
  EXPECT_EQ(value_of(head, "X-Forwarded-Proto"), "http");
  EXPECT_EQ(value_of(head, "X-Forwarded-Port"), "8080");
  EXPECT_EQ(value_of(head, "X-Request-Start"), "1790000000123");
  ForwardFacts tls = sample_facts();
  tls.tls = true;
  tls.port = 443;
  EXPECT_EQ(value_of(upstream(get(""), tls), "X-Forwarded-Proto"), "https");
}

TEST(UpstreamHead, what_an_app_folds_into_our_fields_goes) {
  for (const char* name : {"X_Forwarded_For",
                           "X-Forwarded_For",
                           "x_forwarded_proto",
                           "X_FORWARDED_PORT",
                           "X.Request.Id",
                           "X_Request_Id",
                           "X_Request_Start",
                           "X_Forwarded_Host",
                           "X_Real_IP",
                           "X~Real~Ip",
                           "Proxy",
                           "PROXY",
                           "Content_Length",
                           "Transfer_Encoding",
                           "Keep_Alive",
                           "Proxy_Authorization",
                           "Proxy_Connection",
                           "Set_Cookie",
                           "X-Forwarded-Client-Cert",
                           "X_Forwarded_Client_Cert"}) {
    const std::string head = upstream(get(std::string(name) + ": forged\r\nX-Kept: 1\r\n"));
    EXPECT_EQ(head.find("forged"), std::string::npos) << head;
    EXPECT_EQ(value_of(head, "X-Kept"), "1");
  }
  for (const char* name : {"X_Forwarded_Fox", "XForwardedFor", "X_Custom", "Proxy_", "_Proxy", "X_Forwarded_Forr"})
    EXPECT_EQ(value_of(upstream(get(std::string(name) + ": kept\r\n")), name), "kept");
}

TEST(UpstreamHead, what_says_who_asks_counts_only_from_trusted_peers) {
  const std::string request =
      get("Forwarded: for=1.1.1.1;proto=https\r\nX-Real-IP: 1.1.1.1\r\nX-Forwarded-Host: shop\r\n"
          "X-Forwarded-Proto: HTTPS\r\nX-Forwarded-Port: 443\r\nX-Forwarded-For: 1.1.1.1\r\n");
  const std::string of_anyone = upstream(request);
  for (const char* gone : {"Forwarded", "X-Real-IP", "X-Forwarded-Host"})
    EXPECT_EQ(value_of(of_anyone, gone), "(none)") << gone;
  EXPECT_EQ(value_of(of_anyone, "X-Forwarded-Proto"), "http");
  EXPECT_EQ(value_of(of_anyone, "X-Forwarded-Port"), "8080");
  ForwardFacts facts = sample_facts();
  facts.trusted = true;
  const std::string of_trusted = upstream(request, facts);
  EXPECT_EQ(value_of(of_trusted, "Forwarded"), "for=1.1.1.1;proto=https, for=192.0.2.7;proto=http");
  EXPECT_EQ(value_of(of_trusted, "X-Real-IP"), "1.1.1.1");
  EXPECT_EQ(value_of(of_trusted, "X-Forwarded-Host"), "shop");
  EXPECT_EQ(value_of(of_trusted, "X-Forwarded-Proto"), "https");
  EXPECT_EQ(value_of(of_trusted, "X-Forwarded-Port"), "443");
  EXPECT_EQ(value_of(of_trusted, "X-Forwarded-For"), "1.1.1.1, 192.0.2.7");
  facts.client_address = "2001:db8::1";
  EXPECT_EQ(value_of(upstream(get("Forwarded: for=a\r\n"), facts), "Forwarded"),
            "for=a, for=\"[2001:db8::1]\";proto=http");
  EXPECT_EQ(value_of(upstream(get(""), facts), "Forwarded"), "(none)");
}

TEST(UpstreamHead, a_trusted_peer_that_contradicts_itself_is_not_believed) {
  ForwardFacts facts = sample_facts();
  facts.trusted = true;
  for (const char* fields : {"X-Forwarded-Proto: ftp\r\nX-Forwarded-Port: 0\r\n",
                             "X-Forwarded-Proto: https, http\r\nX-Forwarded-Port: 443, 80\r\n",
                             "X-Forwarded-Proto: https\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Port: 65536\r\n",
                             "X_Forwarded_Proto: https\r\nX-Forwarded-Port: -1\r\n"}) {
    const std::string head = upstream(get(fields), facts);
    EXPECT_EQ(value_of(head, "X-Forwarded-Proto"), "http") << fields;
    EXPECT_EQ(value_of(head, "X-Forwarded-Port"), "8080") << fields;
  }
}

TEST(UpstreamHead, via_tells_who_was_here) {
  const auto passed = [](std::string_view fields) {
    RequestParser parser(wide_limits());
    std::unique_ptr<Slacked> buffer;
    EXPECT_EQ(feed(parser, get(fields), 0, buffer), Progress::kDone);
    return has_passed(parser.head(), "sluice-00112233aabb");
  };
  EXPECT_TRUE(passed("Via: 1.1 sluice-00112233aabb\r\n"));
  EXPECT_TRUE(passed("Via: 1.0 fred, HTTP/1.1  SLUICE-00112233AABB (v1)\r\n"));
  EXPECT_TRUE(passed("Via: 1.1 x\r\nVia: 1.1 sluice-00112233aabb, 1.1 y\r\n"));
  EXPECT_FALSE(passed("Via: 1.1 sluice-00112233aabc, 1.1 sluice, sluice-00112233aabb\r\n"));
  EXPECT_FALSE(passed("X-Via: 1.1 sluice-00112233aabb\r\n"));
}

TEST(UpstreamHead, absolute_form_says_the_host) {
  const std::string head = upstream("GET http://Shop.example:81/x?y HTTP/1.1\r\nHost: other\r\n\r\n");
  EXPECT_TRUE(head.starts_with("GET /x?y HTTP/1.1\r\nHost: Shop.example:81\r\n")) << head;
}

TEST(UpstreamHead, request_ids_are_kept_when_valid) {
  const std::string good = "0123456789abcdefGH=+/-";
  EXPECT_EQ(value_of(upstream(get("X-Request-Id: " + good + "\r\n")), "X-Request-Id"), good);
  for (const std::string& bad :
       {std::string("short"), std::string(201, 'a'), std::string("testid??testid??testid??"), std::string("")}) {
    const std::string id = value_of(upstream(get("X-Request-Id: " + bad + "\r\n")), "X-Request-Id");
    EXPECT_EQ(id.size(), 36u) << bad;
  }
  const std::string both = get("X-Request-Id: " + good + "\r\nX-Request-Id: " + good + "\r\n");
  EXPECT_EQ(value_of(upstream(both), "X-Request-Id").size(), 36u);
  EXPECT_TRUE(is_valid_request_id(std::string(20, 'a')));
  EXPECT_TRUE(is_valid_request_id(std::string(200, 'a')));
  EXPECT_FALSE(is_valid_request_id(std::string(19, 'a')));
}

TEST(UpstreamHead, via_is_one_line) {
  EXPECT_EQ(value_of(upstream(get("")), "Via"), "1.1 sluice");
  EXPECT_EQ(value_of(upstream(get("Via: 1.1 proxy\r\nA: b\r\nVia: 1.0 x\r\n")), "Via"), "1.1 proxy, 1.0 x, 1.1 sluice");
}

TEST(UpstreamHead, framing) {
  const auto post = [](std::string_view fields) {
    return upstream("POST / HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n");
  };
  EXPECT_EQ(value_of(post(""), "Content-Length"), "0");
  EXPECT_EQ(value_of(post("Content-Length: 0007\r\nContent-Length: 7\r\n"), "Content-Length"), "7");
  EXPECT_EQ(value_of(post("Transfer-Encoding: Chunked\r\n"), "Transfer-Encoding"), "chunked");
  EXPECT_EQ(value_of(upstream(get("")), "Content-Length"), "(none)");
  EXPECT_EQ(value_of(upstream(get("Content-Length: 3\r\n")), "Content-Length"), "3");
}

TEST(UpstreamHead, targets) {
  EXPECT_TRUE(upstream("GET http://x HTTP/1.1\r\nHost: a\r\n\r\n").starts_with("GET / HTTP/1.1\r\nHost: x\r\n"));
  EXPECT_TRUE(upstream("GET http://x?q=1 HTTP/1.1\r\nHost: a\r\n\r\n").starts_with("GET /?q=1 HTTP/1.1\r\n"));
  EXPECT_TRUE(upstream("OPTIONS http://x HTTP/1.1\r\nHost: a\r\n\r\n").starts_with("OPTIONS * HTTP/1.1\r\n"));
  EXPECT_TRUE(upstream("GET / HTTP/1.0\r\nHost: a\r\n\r\n").starts_with("GET / HTTP/1.1\r\n"));
}

TEST(UpstreamHead, upgrades_are_passed_on) {
  const std::string head =
      upstream(get("Connection: Upgrade, x\r\nUpgrade: websocket\r\nSec-WebSocket-Key: k\r\nx: 1\r\n"));
  EXPECT_EQ(value_of(head, "Connection"), "Upgrade");
  EXPECT_EQ(value_of(head, "Upgrade"), "websocket");
  EXPECT_EQ(value_of(head, "Sec-WebSocket-Key"), "k");
  EXPECT_EQ(value_of(head, "x"), "(none)");
}

TEST(UpstreamHead, spans_are_what_the_router_line_shows) {
  RequestParser parser(wide_limits());
  std::unique_ptr<Slacked> buffer;
  feed(parser, "PUT /p HTTP/1.1\r\nHost: H.example:1\r\nX-Forwarded-For: 9.9.9.9\r\n\r\n", 0, buffer);
  SeededRng rng(1);
  std::string out(upstream_head_bound(parser.head(), sample_facts()), '\0');
  const UpstreamHead head = write_upstream_head(parser.head(), sample_facts(), rng, out.data());
  const auto text = [&](Span span) { return out.substr(span.at, span.size); };
  EXPECT_EQ(text(head.method), "PUT");
  EXPECT_EQ(text(head.target), "/p");
  EXPECT_EQ(text(head.host), "H.example");
  EXPECT_EQ(text(head.forwarded_for), "9.9.9.9, 192.0.2.7");
  EXPECT_EQ(head.request_id.size, 36u);
}

TEST(UpstreamHead, what_we_write_we_can_read) {
  const std::string head = upstream(get("Connection: x\r\nVia: y\r\nX-Forwarded-For: 1.1.1.1\r\n"));
  const std::string again = upstream(head);
  EXPECT_EQ(value_of(again, "X-Forwarded-For"), "1.1.1.1, 192.0.2.7, 192.0.2.7");
  EXPECT_EQ(value_of(again, "X-Request-Id"), value_of(head, "X-Request-Id"));
}

TEST(DownstreamHead, is_rewritten) {
  const std::string head = downstream(
      "HTTP/1.0 404 Nope\r\nContent-Length: 3\r\nContent-Length: 3\r\nConnection: close, X-Drop\r\nX-Drop: 1\r\n"
      "Keep-Alive: x\r\nSet-Cookie: a\r\nVia: 1.1 b\r\nSet-Cookie: c\r\n\r\n");
  EXPECT_TRUE(head.starts_with("HTTP/1.1 404 Nope\r\nSet-Cookie: a\r\nSet-Cookie: c\r\nDate: Sun, 22 Nov 2026"))
      << head;
  EXPECT_EQ(value_of(head, "Content-Length"), "3");
  EXPECT_EQ(value_of(head, "Connection"), "keep-alive");
  EXPECT_EQ(value_of(head, "Via"), "1.1 b, 1.1 sluice");
  EXPECT_EQ(value_of(head, "X-Drop"), "(none)");
  EXPECT_EQ(value_of(head, "Keep-Alive"), "(none)");
}

TEST(DownstreamHead, dates_and_reasons_are_kept) {
  EXPECT_EQ(value_of(downstream("HTTP/1.1 200 OK\r\nDate: then\r\n\r\n"), "Date"), "then");
  EXPECT_TRUE(downstream("HTTP/1.1 421\r\n\r\n").starts_with("HTTP/1.1 421 \r\n"));
  EXPECT_TRUE(downstream("HTTP/1.1 421 \r\n\r\n").starts_with("HTTP/1.1 421 \r\n"));
}

TEST(DownstreamHead, chunked_for_1_0_clients_loses_its_framing) {
  const std::string bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n";
  EXPECT_EQ(value_of(downstream(bytes), "Transfer-Encoding"), "chunked");
  EXPECT_EQ(value_of(downstream(bytes), "Content-Length"), "(none)");
  const std::string dechunked = downstream(bytes, {.keep_client = false, .dechunk = true, .date = {}});
  EXPECT_EQ(value_of(dechunked, "Transfer-Encoding"), "(none)");
  EXPECT_EQ(value_of(dechunked, "Connection"), "close");
}

TEST(DownstreamHead, head_204_and_304_keep_their_length_fields) {
  EXPECT_EQ(value_of(downstream("HTTP/1.1 200 OK\r\nContent-Length: 43\r\n\r\n", {}, true), "Content-Length"), "43");
  EXPECT_EQ(value_of(downstream("HTTP/1.1 304 Not Modified\r\nContent-Length: 43\r\n\r\n"), "Content-Length"), "43");
}

TEST(DownstreamHead, upgrade_and_interim) {
  const std::string head =
      downstream("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n");
  EXPECT_EQ(value_of(head, "Connection"), "Upgrade");
  EXPECT_EQ(value_of(head, "Upgrade"), "websocket");
  EXPECT_EQ(downstream("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"),
            "HTTP/1.1 103 Early Hints\r\nLink: x\r\nVia: 1.1 sluice\r\n\r\n");
  for (const char* status : {"100 Continue", "102 Processing", "103 Early Hints", "150 X", "199 X"})
    EXPECT_EQ(downstream("HTTP/1.1 " + std::string(status) + "\r\nTransfer-Encoding: chunked\r\n\r\n"),
              "HTTP/1.1 " + std::string(status) + "\r\nVia: 1.1 sluice\r\n\r\n");
}

}  // namespace
}  // namespace sluice::router::http1
