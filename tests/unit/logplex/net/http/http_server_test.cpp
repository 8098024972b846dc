#include "logplex/net/http/http_server.hpp"

#include <malloc.h>
#include <sys/socket.h>

#include "tests/unit/logplex/net/http/http_server_fixture.hpp"

namespace sluice {
namespace {

using std::chrono::milliseconds;

TEST_F(HttpServerTest, answers_and_keeps_the_connection) {
  serve();
  RawClient client(port());
  for (int i = 0; i < 3; ++i) {
    client.send("GET /hello HTTP/1.1\r\nHost: h\r\n\r\n");
    const auto response = client.read_response();
    EXPECT_EQ(response.rfind("HTTP/1.1 200 OK\r\nDate: ", 0), 0u) << response;
    EXPECT_TRUE(has(response, "GMT\r\nServer: sluice\r\n"));
    EXPECT_FALSE(has(response, "Connection:"));
    EXPECT_EQ(body_of(response), "hello\n");
  }
}

TEST_F(HttpServerTest, head_has_length_and_no_body_and_204_has_neither) {
  serve();
  RawClient client(port());
  client.send("HEAD /hello HTTP/1.1\r\nHost: h\r\n\r\nGET /nothing HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  const auto all = client.read_all();
  EXPECT_TRUE(has(all, "Content-Length: 6\r\n\r\nHTTP/1.1 204 No Content\r\n")) << all;
  EXPECT_FALSE(has(all.substr(all.find("204")), "Content-Length"));
  EXPECT_TRUE(has(all, "Connection: close\r\n"));
}

TEST_F(HttpServerTest, pipelined_requests_are_answered_in_order_wherever_the_bytes_are_cut) {
  serve();
  const std::string requests =
      "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\none"
      "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ntwo\r\n0\r\n\r\n"
      "POST /ignore HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nforgotten"
      "\r\nPOST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nConnection: close\r\n\r\nthree";
  SeededRng rng(7);
  for (int round = 0; round < 30; ++round) {
    RawClient client(port());
    for (std::size_t at = 0; at < requests.size();) {
      const auto size = static_cast<std::size_t>(1 + rng.below(round == 0 ? requests.size() : 40));
      client.send(requests.substr(at, size));
      at += size;
    }
    EXPECT_EQ(body_of(client.read_response()), "one");
    EXPECT_EQ(body_of(client.read_response()), "two");
    EXPECT_EQ(body_of(client.read_response()), "ignored\n");
    EXPECT_EQ(body_of(client.read_response()), "three");
    EXPECT_EQ(client.read_all(), "");
  }
}

TEST_F(HttpServerTest, http_1_0_closes_unless_asked_to_keep) {
  serve();
  RawClient once(port());
  once.send("GET /hello HTTP/1.0\r\n\r\n");
  EXPECT_TRUE(has(once.read_all(), "Connection: close\r\n\r\nhello\n"));
  RawClient kept(port());
  kept.send("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_TRUE(has(kept.read_response(), "Connection: keep-alive\r\n"));
  kept.send("GET /hello HTTP/1.0\r\n\r\n");
  EXPECT_EQ(body_of(kept.read_all()), "hello\n");
}

TEST_F(HttpServerTest, refusals_are_plain_answers_that_arrive) {
  HttpServerOptions options;
  options.header_max = Bytes{512};
  serve(options);
  const std::vector<std::pair<std::string, std::string>> rows{
      {"GET / HTTP/1.1\r\n\r\n", "400 Bad Request"},
      {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
       "400 Bad Request"},
      {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n", "501 Not Implemented"},
      {"GET / HTTP/1.1\r\nHost: h\r\nSec-Fetch-Site: none\r\nsec-fetch-site: cross-site\r\n\r\n", "400 Bad Request"},
      {"GET / HTTP/1.1\r\nHost: h\r\nOrigin: http://h\r\nA: b\r\norigin: http://x\r\n\r\n", "400 Bad Request"},
      {"GET / HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer a\r\nAuthorization: Bearer a\r\n\r\n", "400 Bad Request"},
      {"POST / HTTP/1.1\r\nHost: h\r\nContent-Type: text/plain\r\nContent-Type: application/json\r\n\r\n",
       "400 Bad Request"},
      {"POST / HTTP/1.1\r\nHost: h\r\nLogplex-Msg-Count: 1\r\nLogplex-Msg-Count: 2\r\n\r\n", "400 Bad Request"},
      {"GET / HTTP/1.1\r\nX: " + std::string(100'000, 'x'), "431 Request Header Fields Too Large"},
      {std::string("\x16\x03\x01\x00\xa5", 5), "400 Bad Request"}};
  for (const auto& [request, status] : rows) {
    RawClient client(port());
    client.send(request);
    const auto response = client.read_all();
    EXPECT_EQ(response.rfind("HTTP/1.1 " + status + "\r\n", 0), 0u) << response;
    EXPECT_TRUE(has(response, "Connection: close\r\n"));
    EXPECT_FALSE(body_of(response).empty());
  }
  EXPECT_EQ(shards.on(0, [this] { return server->counters().malformed; }), rows.size());
}

TEST_F(HttpServerTest, bodies_over_the_limit_and_broken_chunks) {
  serve();
  RawClient large(port());
  large.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 10000000\r\n\r\nbegin");
  EXPECT_EQ(large.read_all().rfind("HTTP/1.1 413 ", 0), 0u);
  RawClient chunked(port());
  chunked.send("POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n200000\r\n");
  chunked.send(std::string(0x200000, 'x'));
  EXPECT_EQ(chunked.read_all().rfind("HTTP/1.1 413 ", 0), 0u);
  RawClient broken(port());
  broken.send("POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n");
  EXPECT_EQ(broken.read_all().rfind("HTTP/1.1 400 ", 0), 0u);
}

TEST_F(HttpServerTest, bodies_come_in_pieces) {
  serve();
  RawClient client(port());
  const std::string body(300'000, 'b');
  client.send("POST /pieces HTTP/1.1\r\nHost: h\r\nContent-Length: 300000\r\n\r\n" + body);
  EXPECT_EQ(body_of(client.read_response()), "300000\n");
  EXPECT_LE(handler->largest_piece, std::size_t{64} << 10);
  client.send(
      "POST /pieces HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n2\r\nef\r\n0\r\n\r\n");
  EXPECT_EQ(body_of(client.read_response()), "6\n");
  client.send("POST /pieces HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(body_of(client.read_response()), "0\n");
  client.send("POST /pieces HTTP/1.1\r\nHost: h\r\nContent-Length: 2000000\r\n\r\n");
  EXPECT_EQ(client.read_response().rfind("HTTP/1.1 413", 0), 0u);
}

TEST_F(HttpServerTest, a_flood_of_pipelined_requests_leaves_room_for_others) {
  serve();
  RawClient flooder(port());
  std::string requests;
  for (int i = 0; i < 20'000; ++i) requests += "GET /hello HTTP/1.1\r\nHost: h\r\n\r\n";
  std::thread sending([&] { flooder.send(requests); });
  std::thread reading([&] { flooder.read_bytes(20'000); });
  reading.join();
  // Other work of the shard goes on between two of the flood's requests.
  const std::uint64_t before = shards.on(0, [this] { return server->counters().requests; });
  const std::uint64_t after = shards.on(0, [this] { return server->counters().requests; });
  EXPECT_LT(after - before, 2'000U);
  RawClient other(port());
  other.send("GET /hello HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(body_of(other.read_response()), "hello\n");
  std::thread draining([&] { flooder.read_all(); });
  sending.join();
  flooder.half_close();
  draining.join();
}

TEST_F(HttpServerTest, expect_100_continue) {
  serve();
  RawClient client(port());
  client.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("body");
  EXPECT_EQ(body_of(client.read_response()), "body");
  client.send("POST /ignore HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
  const auto refused = client.read_all();
  EXPECT_EQ(refused.rfind("HTTP/1.1 200 ", 0), 0u);
  EXPECT_TRUE(has(refused, "Connection: close"));
}

TEST_F(HttpServerTest, slow_heads_and_bodies_get_408) {
  HttpServerOptions options;
  options.request_timeout = milliseconds(60);
  serve(options);
  RawClient head(port());
  head.send("GET /hello HT");
  EXPECT_EQ(head.read_all().rfind("HTTP/1.1 408 ", 0), 0u);
  RawClient body(port());
  body.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbo");
  const auto response = body.read_all();
  EXPECT_EQ(response.rfind("HTTP/1.1 408 ", 0), 0u);
  EXPECT_EQ(response.find("HTTP/1.1", 1), std::string::npos) << "answered twice";
  EXPECT_TRUE(eventually([this] { return connections() == 0; }));
}

TEST_F(HttpServerTest, a_client_that_does_not_read_its_answer_is_dropped) {
  HttpServerOptions options;
  options.request_timeout = milliseconds(100);
  serve(options);
  RawClient client(port());
  client.send("GET /large HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(eventually([this] { return connections() == 0 && requests() == 1; }));
}

TEST_F(HttpServerTest, idle_connections_are_closed_silently) {
  HttpServerOptions options;
  options.idle_timeout = milliseconds(50);
  serve(options);
  RawClient never(port());
  EXPECT_EQ(never.read_all(), "");
  RawClient once(port());
  once.send("GET /hello HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(body_of(once.read_response()), "hello\n");
  EXPECT_EQ(once.read_all(), "");
}

TEST_F(HttpServerTest, half_closed_clients_get_their_answers) {
  serve();
  RawClient client(port());
  client.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi");
  client.half_close();
  EXPECT_EQ(body_of(client.read_all()), "hi");
  RawClient cut(port());
  cut.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 20\r\n\r\nhi");
  cut.half_close();
  cut.read_all();
  EXPECT_TRUE(eventually([this] { return connections() == 0; }));
  EXPECT_EQ(handler->last_error, static_cast<int>(NetError::kClosed));
}

TEST_F(HttpServerTest, a_handler_that_throws_or_says_nothing_is_a_500) {
  serve();
  for (const char* path : {"/throw", "/unknown"}) {
    RawClient client(port());
    client.send("GET " + std::string(path) + " HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_EQ(client.read_all().rfind("HTTP/1.1 500 ", 0), 0u);
  }
}

TEST_F(HttpServerTest, streams_are_chunked_or_end_with_the_connection) {
  serve();
  RawClient client(port());
  client.send("GET /short HTTP/1.1\r\nHost: h\r\n\r\n");
  const auto chunked = client.read_all();
  EXPECT_TRUE(has(chunked, "Transfer-Encoding: chunked\r\n"));
  EXPECT_EQ(body_of(chunked), "6\r\nfirst\n\r\n0\r\n\r\n");
  RawClient old(port());
  old.send("GET /short HTTP/1.0\r\n\r\n");
  const auto plain = old.read_all();
  EXPECT_FALSE(has(plain, "chunked"));
  EXPECT_EQ(body_of(plain), "first\n");
}

TEST_F(HttpServerTest, a_stream_ends_when_the_client_goes) {
  serve();
  for (const bool reset : {false, true}) {
    RawClient client(port());
    client.send("GET /stream HTTP/1.1\r\nHost: h\r\n\r\nnoise");
    EXPECT_TRUE(has(client.read_until("first\n"), "first\n"));
    const linger at_once{1, 0};
    if (reset) ::setsockopt(client.fd(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    client.close();
    EXPECT_TRUE(eventually([this] { return connections() == 0; }));
  }
  EXPECT_EQ(handler->streams_ended, 2);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // they count their own memory too
TEST_F(HttpServerTest, a_stream_an_idle_and_a_closing_connection_cost_little) {
  serve();
  constexpr std::size_t kConnections = 200;
  struct Row {
    const char* path;
    const char* connection;
    std::size_t most_bytes;
  };
  for (const Row row :
       {Row{"/stream", "keep-alive", 8192}, Row{"/hello", "keep-alive", 4096}, Row{"/hello", "close", 4352}}) {
    std::vector<RawClient> clients;
    clients.reserve(kConnections);
    const std::size_t before = ::mallinfo2().uordblks;
    for (std::size_t i = 0; i < kConnections; ++i) {
      clients.emplace_back(port());
      clients.back().send("GET " + std::string(row.path) + " HTTP/1.1\r\nHost: example.com\r\nAuthorization: Basic " +
                          std::string(60, 'a') +
                          "\r\nUser-Agent: curl/7.88.1\r\nAccept: text/event-stream\r\nConnection: " + row.connection +
                          "\r\n\r\n");
      ASSERT_NE(clients.back().read_response(), "");
    }
    const std::size_t each = (::mallinfo2().uordblks - before) / kConnections;
    RecordProperty(row.path + 1 + std::string(row.connection), static_cast<int>(each));
    EXPECT_LT(each, row.most_bytes) << row.path << " " << row.connection;
    clients.clear();
    EXPECT_TRUE(eventually([this] { return connections() == 0; }));
  }
}
#endif

TEST_F(HttpServerTest, a_client_that_does_not_read_its_stream_does_not_hold_the_stop_up) {
  serve();
  RawClient client(port());
  client.send("GET /flood HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(has(client.read_until("\r\n\r\n"), "chunked"));
  const auto began = std::chrono::steady_clock::now();
  shards.on(0, [this] { server->stop_accepting(); });
  shards.await(0, server->stopped());
  EXPECT_EQ(handler->streams_ended, 1);
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(8));
}

TEST_F(HttpServerTest, a_refusal_reaches_a_client_that_is_still_sending) {
  serve();
  RawClient client(port());
  client.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 20000000\r\n\r\n");
  EXPECT_TRUE(client.send(std::string(20'000'000, 'x')));
  EXPECT_EQ(client.read_response().rfind("HTTP/1.1 413 ", 0), 0u);
}

TEST_F(HttpServerTest, stop_closes_idle_ends_streams_and_finishes_requests) {
  serve();
  RawClient idle(port());
  idle.send("GET /hello HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(body_of(idle.read_response()), "hello\n");
  RawClient tail(port());
  tail.send("GET /stream HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(has(tail.read_until("first\n\r\n"), "first\n"));
  RawClient busy(port());
  busy.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbo");
  EXPECT_TRUE(eventually([this] { return requests() == 3; }));
  shards.on(0, [this] { server->stop_accepting(); });
  EXPECT_EQ(idle.read_all(), "");
  EXPECT_EQ(tail.read_all(), "0\r\n\r\n");
  busy.send("dy");
  const auto last = busy.read_all();
  EXPECT_EQ(body_of(last), "body");
  EXPECT_TRUE(has(last, "Connection: close"));
  idle.close();
  tail.close();
  busy.close();
  shards.await(0, server->stopped());
  EXPECT_EQ(connections(), 0u);
}

}  // namespace
}  // namespace sluice
