// Bytes of a server in, replies out; hostile servers; URLs; pauses.
#include <set>

#include <gtest/gtest.h>

#include "logplex/store/redis/redis_link.hpp"
#include "tests/support/raw_client.hpp"
#include "tests/support/running_shards.hpp"

namespace sluice {
namespace {

std::string describe(const RedisReply& reply) {
  std::string out =
      std::to_string(static_cast<int>(reply.kind)) + ":" + reply.text + ":" + std::to_string(reply.number);
  for (const auto& item : reply.list) out += "[" + describe(item) + "]";
  return out;
}

std::string read_in_pieces(std::string_view bytes, std::size_t piece) {
  RedisReplyReader reader(1 << 20);
  std::string out;
  for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size()))) {
    reader.feed(bytes.substr(0, piece));
    for (;;) {
      auto reply = reader.next();
      if (reply.has_error()) return out + "error";
      if (!reply->has_value()) break;
      out += describe(**reply) + "\n";
    }
  }
  return out;
}

TEST(RedisReply, pieces_do_not_matter) {
  const std::string bytes =
      "+OK\r\n-ERR "
      "no\r\n:-7\r\n$5\r\nhe\r\no\r\n$-1\r\n*-1\r\n*0\r\n*2\r\n*2\r\n$1\r\na\r\n:1\r\n*1\r\n*1\r\n$0\r\n\r\n";
  const auto whole = read_in_pieces(bytes, bytes.size());
  EXPECT_EQ(std::count(whole.begin(), whole.end(), '\n'), 8 + 1);  // one for each, and one in a text
  for (std::size_t piece = 1; piece < bytes.size(); ++piece) EXPECT_EQ(read_in_pieces(bytes, piece), whole) << piece;
}

TEST(RedisReply, hostile_bytes_are_an_error) {
  for (const char* bytes : {"hello\r\n", "*99999999\r\n", "*-7\r\n", "$-7\r\n", "$999999999999999999999\r\n",
                            "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n", ":12x\r\n", "\r\n"})
    EXPECT_TRUE(read_in_pieces(bytes, 64).ends_with("error")) << bytes;
}

TEST(RedisReply, size_is_bounded) {
  RedisReplyReader reader(1000);
  reader.feed("$100000000\r\n");
  EXPECT_TRUE(reader.next().has_value());
  reader.feed(std::string(2000, 'x'));
  EXPECT_TRUE(reader.next().has_error());
}

TEST(RedisReply, command_is_length_prefixed) {
  constexpr std::string_view kExpected("*3\r\n$3\r\nSET\r\n$3\r\n\r\n\0\r\n$0\r\n\r\n", 28);
  EXPECT_EQ(format_command({"SET", std::string_view("\r\n\0", 3), ""}), kExpected);
}

TEST(RedisUrlTest, parts) {
  const auto plain = parse_redis_url("redis://h");
  EXPECT_EQ(plain->where(), "h:6379");
  EXPECT_FALSE(plain->tls);
  const auto full = parse_redis_url("rediss://us%40er:p%2Fw@[::1]:7000/12");
  ASSERT_TRUE(full.has_value()) << full.error().text();
  EXPECT_EQ(full->where(), "[::1]:7000");
  EXPECT_EQ(full->user, "us@er");
  EXPECT_EQ(full->password.reveal(), "p/w");
  EXPECT_EQ(full->database, 12U);
  EXPECT_TRUE(full->tls);
  const auto sentinels = parse_redis_url("redis+sentinel://:pw@a,b:7,c/shop/2");
  ASSERT_TRUE(sentinels.has_value()) << sentinels.error().text();
  EXPECT_EQ(sentinels->where(), "a:26379,b:7,c:26379/shop");
  EXPECT_EQ(sentinels->database, 2U);
  EXPECT_EQ(sentinels->password.reveal(), "pw");
  for (const char* bad : {"redis://", "redis://h:x", "redis://h/x", "redis://a,b/1", "redis://h?x=1",
                          "redis://h?sentinel_password=x", "redis+sentinel://h/shop?sentinel_password=%",
                          "redis+sentinel://a", "http://h", "redis+sentinel:///shop", "redis://h:99999"})
    EXPECT_TRUE(parse_redis_url(bad).has_error()) << bad;
}

TEST(RedisUrlTest, servers_of_a_cluster_and_sentinels_with_a_password) {
  const auto cluster = parse_redis_url("rediss://u:p@a,b:7,[::1]");
  ASSERT_TRUE(cluster.has_value()) << cluster.error().text();
  EXPECT_EQ(cluster->where(), "a:6379,b:7,[::1]:6379");
  EXPECT_TRUE(cluster->tls);
  EXPECT_FALSE(cluster->sentinels());
  const auto own = parse_redis_url("rediss+sentinel://u:p@a/shop?sentinel_user=s&sentinel_password=x%26y");
  ASSERT_TRUE(own.has_value()) << own.error().text();
  EXPECT_TRUE(own->tls && own->sentinels());
  EXPECT_EQ(own->for_sentinel().user, "s");
  EXPECT_EQ(own->for_sentinel().password, "x&y");
  EXPECT_EQ(own->login().password, "p");
  EXPECT_EQ(own->where(), "a:26379/shop");
  const auto same = parse_redis_url("redis+sentinel://u:p@a/shop");
  EXPECT_EQ(same->for_sentinel().password, "p");
}

TEST(RedisReply, moved_names_a_server) {
  const auto said = [](const char* text) {
    RedisReply reply;
    reply.kind = RedisReply::Kind::kError;
    reply.text = text;
    const auto place = reply.moved_to("asked");
    return place ? place->host + "|" + std::to_string(place->port) : std::string();
  };
  EXPECT_EQ(said("MOVED 3999 127.0.0.1:6381"), "127.0.0.1|6381");
  EXPECT_EQ(said("MOVED 3999 2001:db8::1:6381"), "2001:db8::1|6381");
  EXPECT_EQ(said("MOVED 3999 :6381"), "asked|6381");
  EXPECT_EQ(said("MOVED 3999 ?:6381"), "asked|6381");
  for (const char* bad :
       {"ASK 3999 127.0.0.1:6381", "MOVED", "MOVED 3999 h", "MOVED 3999 h:0", "MOVED 1 h:65536", "MOVED 1 h:x"})
    EXPECT_EQ(said(bad), "") << bad;
}

/// A connection to a server that the test plays.
class RedisPeer : public testing::Test {
 protected:
  void SetUp() override {
    shards_.start();
    gate_ = shards_.on(0, [&] { return std::make_unique<Gate>(shards_.runtime.shard(0), "test"); });
    auto dialer = std::make_unique<Dialer>(shards_.runtime.shard(0), resolver_, guard_);
    DialTarget target{"127.0.0.1", listener_.port(), nullptr};
    auto stream = shards_.await(0, dialer->dial(target, std::chrono::seconds(30)));
    ASSERT_TRUE(stream.has_value()) << stream.error().text();
    connection_ = shards_.on(0, [&] { return std::make_shared<RedisConnection>(*gate_, std::move(*stream), 10'000); });
    server_ = std::make_unique<RawClient>(listener_.accept());
  }
  void TearDown() override {
    shards_.on(0, [&] {
      connection_.reset();
      gate_->stop();
    });
    EXPECT_TRUE(eventually([&] { return shards_.on(0, [&] { return gate_->running() == 0; }); }));
    shards_.stop();
  }
  static Task<result<RedisReply, Error>> ping(std::shared_ptr<RedisConnection> connection, Duration time) {
    const std::vector<std::string_view> command{"PING"};
    auto reply = co_await connection->call(command, time);
    co_return reply;
  }
  result<RedisReply, Error> ask(Duration time) { return shards_.await(0, ping(connection_, time)); }

  RunningShards shards_;
  Resolver resolver_;
  AddressGuard guard_ = AddressGuard::parse({"127.0.0.0/8"}).value();
  RawListener listener_;
  std::unique_ptr<Gate> gate_;
  std::shared_ptr<RedisConnection> connection_;
  std::unique_ptr<RawClient> server_;
};

TEST_F(RedisPeer, silence_ends_the_connection_in_time) {
  const auto reply = ask(std::chrono::milliseconds(50));
  ASSERT_TRUE(reply.has_error());
  EXPECT_EQ(reply.error().code, NetError::kTimedOut);
  EXPECT_TRUE(ask(std::chrono::seconds(30)).has_error()) << "answers would no longer be in order";
}

TEST_F(RedisPeer, nonsense_ends_the_connection) {
  ASSERT_TRUE(server_->send("what?\r\n"));
  const auto reply = ask(std::chrono::seconds(30));
  ASSERT_TRUE(reply.has_error());
}

TEST_F(RedisPeer, end_of_the_link_ends_what_waits) {
  std::thread server([&] {
    server_->read_until("PING\r\n");
    server_->close();
  });
  const auto reply = ask(std::chrono::seconds(30));
  server.join();
  ASSERT_TRUE(reply.has_error());
}

TEST_F(RedisPeer, huge_answer_is_not_read) {
  std::thread server([&] {
    server_->read_until("PING\r\n");
    server_->send("$1000000\r\n" + std::string(100'000, 'x'));
  });
  const auto reply = ask(std::chrono::seconds(30));
  server.join();
  ASSERT_TRUE(reply.has_error());
  EXPECT_EQ(reply.error().code, NetError::kBodyTooLarge);
}

}  // namespace
}  // namespace sluice
