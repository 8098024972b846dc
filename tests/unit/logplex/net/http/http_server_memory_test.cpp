// Who gives up when memory for requests and answers is short.
#include "tests/unit/logplex/net/http/http_server_fixture.hpp"

namespace sluice {
namespace {

TEST_F(HttpServerTest, unfinished_heads_give_up_when_memory_is_short) {
  shards.runtime.memory().set_limit(MemoryClass::kApiBodies, 40_KiB);
  serve();
  const std::string head = "GET /hello HTTP/1.1\r\nHost: h\r\nX: ";
  RawClient first(port());
  RawClient largest(port());
  first.send(head + std::string(8 << 10, 'a'));
  largest.send(head + std::string(15 << 10, 'b'));
  EXPECT_TRUE(eventually([this] { return held(MemoryClass::kApiBodies) > 23'000; }));
  RawClient last(port());
  last.send(head + std::string(14 << 10, 'c'));
  EXPECT_EQ(largest.read_all().rfind("HTTP/1.1 503 Service Unavailable\r\n", 0), 0u);
  first.send("\r\n\r\n");
  EXPECT_EQ(body_of(first.read_response()), "hello\n");
  last.send("\r\n\r\n");
  EXPECT_EQ(body_of(last.read_response()), "hello\n");
  EXPECT_TRUE(eventually([this] { return held(MemoryClass::kApiBodies) == 0; }));
}

TEST_F(HttpServerTest, unfinished_bodies_give_up_when_memory_is_short) {
  shards.runtime.memory().set_limit(MemoryClass::kApiBodies, 512_KiB);
  serve();
  RawClient small(port());
  RawClient keeper(port());
  small.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nab");
  keeper.send("POST /keep HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nab");
  const auto all = keeper.read_all();
  EXPECT_EQ(all.rfind("HTTP/1.1 503", 0), 0u) << all;
  EXPECT_TRUE(has(all, "Retry-After: 1\r\n"));
  small.send("cde");
  EXPECT_EQ(body_of(small.read_response()), "abcde");
  EXPECT_TRUE(eventually([this] { return held(MemoryClass::kApiBodies) == 0; }));
}

TEST_F(HttpServerTest, a_body_that_the_handler_has_not_begun_to_read_gives_up_too) {
  shards.runtime.memory().set_limit(MemoryClass::kApiBodies, 512_KiB);
  serve();
  RawClient client(port());
  client.send("POST /late HTTP/1.1\r\nHost: h\r\nContent-Length: 500000\r\n\r\nab");
  EXPECT_EQ(client.read_all().rfind("HTTP/1.1 503", 0), 0u);
  EXPECT_TRUE(eventually([this] { return held(MemoryClass::kApiBodies) == 0; }));
}

/// Is told to give up, and takes its time.
struct Reluctant final : MemoryHolder {
  explicit Reluctant(Shard& shard) : charge(shard, MemoryClass::kApiBodies, *this) {}
  void give_up_memory(MemoryClass) override { told = true; }
  MemoryCharge charge;
  std::atomic<bool> told{false};
};

TEST_F(HttpServerTest, nothing_more_is_read_of_a_body_until_those_who_were_told_have_given_up) {
  shards.runtime.memory().set_limit(MemoryClass::kApiBodies, 512_KiB);
  serve();
  auto largest = std::make_unique<Reluctant>(shards.runtime.shard(0));
  shards.on(0, [&] { largest->charge.set(600 << 10); });
  EXPECT_TRUE(eventually([&] { return largest->told.load(); }));
  RawClient client(port());
  const std::string body(200'000, 'b');
  client.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 200000\r\n\r\n" + body);
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_LT(held(MemoryClass::kApiBodies), (600U << 10) + 100'000);
  shards.on(0, [&] { largest.reset(); });
  EXPECT_TRUE(body_of(client.read_response()) == body);
}

/// Somebody holds more than the whole class, for as long as the test likes.
struct FullClass {
  explicit FullClass(RunningShards& running)
      : shards(running), largest(std::make_unique<Reluctant>(shards.runtime.shard(0))) {
    shards.runtime.memory().set_limit(MemoryClass::kApiBodies, 512_KiB);
    shards.on(0, [this] { largest->charge.set(600 << 10); });
  }
  FullClass(const FullClass&) = delete;
  FullClass& operator=(const FullClass&) = delete;
  ~FullClass() { end(); }
  void end() {
    shards.on(0, [this] { largest.reset(); });
  }

  RunningShards& shards;
  std::unique_ptr<Reluctant> largest;
};

TEST_F(HttpServerTest, a_small_request_does_not_wait_for_those_who_hold_much) {
  serve();
  FullClass full(shards);
  RawClient client(port());
  client.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 5000\r\n\r\n" + std::string(5000, 'b'));
  EXPECT_EQ(body_of(client.read_response()), std::string(5000, 'b'));
}

TEST_F(HttpServerTest, who_waits_for_memory_does_not_keep_the_shard_busy) {
  serve();
  FullClass full(shards);
  RawClient client(port());
  const std::string body(200'000, 'b');
  client.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 200000\r\n\r\n" + body);
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  const auto turns = [this] {
    std::uint64_t now = 0;
    shards.on(0, [&] { now = shards.runtime.shard(0).work().turn(); });
    return now;
  };
  const std::uint64_t before = turns();
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  EXPECT_LT(turns() - before, 500U) << "a turn every 4 ms is 50";
  full.end();
  EXPECT_TRUE(body_of(client.read_response()) == body);
}

TEST_F(HttpServerTest, a_stream_whose_request_holds_most_ends) {
  shards.runtime.memory().set_limit(MemoryClass::kApiBodies, 512_KiB);
  serve();
  RawClient client(port());
  client.send("GET /heavy HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(has(client.read_all(), "0\r\n\r\n"));
  EXPECT_TRUE(eventually([this] { return held(MemoryClass::kApiBodies) == 0; }));
}

TEST_F(HttpServerTest, answers_that_nobody_reads_give_up_when_memory_is_short) {
  shards.runtime.memory().set_limit(MemoryClass::kApiStreams, 4_MiB);
  serve();
  RawClient reader(port());
  RawClient flooded(port());
  reader.send("GET /stream HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(has(reader.read_until("first"), "first"));
  flooded.send("GET /large HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(eventually([this] { return shards.runtime.memory().evicted(MemoryClass::kApiStreams) == 1; }));
  EXPECT_TRUE(eventually([this] { return connections() == 1; }));
  EXPECT_EQ(held(MemoryClass::kApiStreams), 0U);
}

}  // namespace
}  // namespace sluice
