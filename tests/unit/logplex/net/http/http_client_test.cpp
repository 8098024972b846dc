#include "logplex/net/http/http_client.hpp"

#include <gtest/gtest.h>

#include "logplex/net/dial/dial.hpp"
#include "tests/support/raw_client.hpp"
#include "tests/support/running_shards.hpp"

namespace sluice {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Reply = result<HttpReply, Error>;

class HttpClientTest : public ::testing::Test {
 protected:
  HttpClientTest() { shards.start(); }
  ~HttpClientTest() override {
    if (connection) shards.on(0, [this] { connection.reset(); });
    shards.stop();
  }

  void connect() {
    auto stream = shards.await(0, dialer.dial({"127.0.0.1", listener.port(), nullptr}, seconds(5)));
    ASSERT_TRUE(stream.has_value());
    connection = std::make_unique<HttpClient>(std::move(*stream));
    server.emplace(listener.accept());
  }

  /// One exchange against a server that says `answer`, in pieces, after it has read the request.
  Reply exchange(const std::string& answer, bool close = false, std::size_t piece = 1 << 20,
                 Duration timeout = seconds(5)) {
    std::thread peer([&] {
      EXPECT_EQ(server->read_bytes(head.size() + body.size()), head + body);
      for (std::size_t at = 0; at < answer.size(); at += piece) server->send(answer.substr(at, piece));
      if (close) server->close();
    });
    auto reply = shards.await(0, connection->exchange(head, body, timeout));
    peer.join();
    return reply;
  }
  Reply once(const std::string& answer, bool close = false, std::size_t piece = 1 << 20) {
    if (connection) shards.on(0, [this] { connection.reset(); });
    connect();
    return exchange(answer, close, piece);
  }
  bool reusable() {
    return shards.on(0, [this] { return connection->reusable(); });
  }

  const std::string head = "POST /in HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\n";
  const std::string body = "body";
  RunningShards shards;
  Resolver resolver;
  AddressGuard guard = AddressGuard::parse({"127.0.0.1"}).value();
  Dialer dialer{shards.runtime.shard(0), resolver, guard};
  RawListener listener;
  std::unique_ptr<HttpClient> connection;
  std::optional<RawClient> server;
};

TEST_F(HttpClientTest, reads_answers_wherever_they_are_cut) {
  const std::string chunked =
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 202 Accepted\r\nX-A: b\r\nTransfer-Encoding: "
      "chunked\r\n\r\n3\r\nabc\r\n2\r\nde"
      "\r\n0\r\nT: t\r\n\r\n";
  connect();
  for (std::size_t piece = 1; piece < 12; ++piece) {
    const auto reply = exchange(chunked, false, piece);
    ASSERT_TRUE(reply.has_value()) << reply.error().message;
    EXPECT_EQ(reply->status, 202);
    EXPECT_EQ(reply->body, "abcde");
    EXPECT_EQ(*reply->header("x-a"), "b");
    EXPECT_TRUE(reply->keep_alive);
    EXPECT_TRUE(reusable());
  }
}

TEST_F(HttpClientTest, knows_when_a_connection_may_be_used_again) {
  EXPECT_TRUE(once("HTTP/1.1 204 No Content\r\n\r\n")->keep_alive);
  EXPECT_TRUE(reusable());
  EXPECT_FALSE(once("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")->keep_alive);
  EXPECT_FALSE(reusable());
  EXPECT_FALSE(once("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok")->keep_alive);
  EXPECT_FALSE(once("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 surprise\r\n\r\n")->keep_alive);
  const auto until_end = once("HTTP/1.1 200 OK\r\n\r\nall of it", true);
  EXPECT_EQ(until_end->body, "all of it");
  EXPECT_FALSE(until_end->keep_alive);
}

TEST_F(HttpClientTest, an_idle_connection_closed_by_the_peer_is_seen) {
  EXPECT_TRUE(once("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")->keep_alive);
  EXPECT_TRUE(reusable());
  server->close();
  EXPECT_TRUE(eventually([this] { return !reusable(); }));
}

TEST_F(HttpClientTest, keeps_only_the_beginning_of_a_body) {
  const auto reply = once("HTTP/1.1 500 Oops\r\nContent-Length: 100000\r\n\r\n" + std::string(100'000, 'x'));
  EXPECT_EQ(reply->status, 500);
  EXPECT_EQ(reply->body.size(), HttpClient::kBodyKept);
  EXPECT_EQ(reply->body_bytes, 100'000u);
}

TEST_F(HttpClientTest, without_a_status_line_there_is_no_answer) {
  EXPECT_EQ(once("", true).error().code, NetError::kClosed);
  EXPECT_EQ(once("HTTP/1.1 200", true).error().code, NetError::kClosed);
  EXPECT_EQ(once("HTTP/1.1 100 Continue\r\n\r\n", true).error().code, NetError::kClosed);
  for (const char* line : {"SMTP ready", "HTTP/1.1 2000 OK", "HTTP/1.1 20 OK", "HTTP/1.1 099 No", "HTTP/1.1 200OK",
                           "HTTP/ 200", "HTTPS/1.1 200 OK"})
    EXPECT_EQ(once(std::string(line) + "\r\n\r\n").error().code, NetError::kMalformed) << line;
  EXPECT_EQ(once(std::string(80'000, 'x')).error().code, NetError::kHeadTooLarge);
  EXPECT_FALSE(reusable());
}

/// The status line decides; the rest only decides whether the connection is kept.
TEST_F(HttpClientTest, what_follows_the_status_line_only_ends_the_connection) {
  const std::vector<std::string> answers{
      "HTTP/1.1 413 \r\nConte",
      "HTTP/1.1 413 Too Large\r\nContent-Length: 5\r\n\r\nab",
      "HTTP/1.1 413 Too Large\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
      "HTTP/1.1 413 Too Large\r\nX: " + std::string(80'000, 'x'),
      "HTTP/1.1 413 Too Large\r\nContent-Length : 0\r\n\r\n",
      "HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nContent-Length: 3\r\n\r\n",
      "HTTP/1.1 413 Too Large\r\nContent-Length: -1\r\n\r\n",
      "HTTP/1.1 413 Too Large\r\nTransfer-Encoding: gzip\r\n\r\n",
      "HTTP/1.1 413 Too Large\r\nno colon here\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 413 Too Large\nContent-Length: 0\n\n",
      "http/1.1 413 too large\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1  413\tToo Large\r\nContent-Length: 2\r\n\r\n",
      "HTTP/1.0 413 Too Large\r\n\r\nbody",
      "\r\nHTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n",
  };
  for (const auto& answer : answers) {
    for (const std::size_t piece : {std::size_t{1} << 20, std::size_t{3}}) {
      if (answer.size() > 1000 && piece == 3) continue;
      const auto reply = once(answer, true, piece);
      ASSERT_TRUE(reply.has_value()) << answer.substr(0, 100) << reply.error().text();
      EXPECT_EQ(reply->status, 413) << answer.substr(0, 100);
      EXPECT_FALSE(reply->keep_alive) << answer.substr(0, 100);
      EXPECT_FALSE(reusable());
    }
  }
}

TEST_F(HttpClientTest, a_status_line_without_reason_is_whole) {
  EXPECT_TRUE(once("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n")->keep_alive);
  EXPECT_TRUE(once("HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 2\r\n\r\nok")->keep_alive);
}

TEST_F(HttpClientTest, an_answer_that_nobody_asked_for_ends_the_connection) {
  EXPECT_TRUE(once("HTTP/1.1 204 No Content\r\n\r\n")->keep_alive);
  EXPECT_TRUE(reusable());
  server->send("HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n");
  EXPECT_TRUE(eventually([this] { return !reusable(); }));
}

TEST_F(HttpClientTest, an_answer_whose_body_stalls_counts) {
  connect();
  const auto reply = exchange("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab", false, 1 << 20, milliseconds(300));
  ASSERT_TRUE(reply.has_value());
  EXPECT_EQ(reply->status, 200);
  EXPECT_FALSE(reusable());
}

TEST_F(HttpClientTest, no_answer_in_time) {
  connect();
  const auto reply = exchange("HTTP/1.1 200", false, 1 << 20, milliseconds(80));
  EXPECT_EQ(reply.error().code, NetError::kTimedOut);
  EXPECT_FALSE(reusable());
}

}  // namespace
}  // namespace sluice
