#include <malloc.h>

#include <cstdlib>

#include <gtest/gtest.h>

#include "logplex/wire/timestamp.hpp"
#include "tests/support/slow_reader.hpp"
#include "tests/unit/logplex/api/api_node.hpp"

namespace sluice::api {
namespace {

/// The numbers n of lines "...: n<number>" in order.
std::vector<std::uint64_t> numbers_in(const std::string& text) {
  std::vector<std::uint64_t> out;
  static constexpr std::string_view kMark = "]: n";
  for (auto at = text.find(kMark); at != std::string::npos; at = text.find(kMark, at + 1))
    out.push_back(std::strtoull(text.c_str() + at + kMark.size(), nullptr, 10));
  return out;
}

std::vector<std::uint64_t> range(std::uint64_t first, std::uint64_t end) {
  std::vector<std::uint64_t> out;
  for (auto n = first; n < end; ++n) out.push_back(n);
  return out;
}

std::string last_id_in(const std::string& events) {
  const auto at = events.rfind("id: ");
  const auto from = at + 4;
  return at == std::string::npos ? "" : events.substr(from, events.find('\n', from) - from);
}

/// Lines that gap events and L11 lines in a stream say are lost.
std::uint64_t lost_in(const std::string& text) {
  std::uint64_t sum = 0;
  for (const std::string_view before : {"\"lost\":", "dropped "}) {
    for (auto at = text.find(before); at != std::string::npos; at = text.find(before, at + 1))
      sum += std::strtoull(text.c_str() + at + before.size(), nullptr, 10);
  }
  return sum;
}

std::string logs(ApiNode& node, const std::string& query, std::vector<std::string> headers = {"Accept: text/plain"}) {
  auto client = node.get("/v3/channels/c/logs" + query, std::move(headers));
  StreamReader stream(client);
  return stream.all();
}

/// Tails give the same whatever kind of reader they have.
class TailTest : public ::testing::TestWithParam<MakeReader> {
 protected:
  TailTest() { node.make_channel("c"); }
  ApiNode node{ApiNode::default_fabric(), ApiNode::default_settings(), {}, GetParam()};
};

INSTANTIATE_TEST_SUITE_P(FromMemory, TailTest, ::testing::Values(read_from_memory));
INSTANTIATE_TEST_SUITE_P(InPieces, TailTest, ::testing::Values(read_slowly));

TEST_P(TailTest, a_search_that_is_divided_over_turns_finds_the_same_lines) {
  node.append("c", 0, 10, "rare.1");
  node.append("c", 10, 700, "web.1");
  node.append("c", 710, 1, "rare.1");
  node.append("c", 711, 700, "web.1");
  // Expensive enough for many shares.
  const std::string dear = "&filter=-text~%5Bxyz%5D*x%5Bxyz%5D%7B20%7Dq";
  EXPECT_EQ(numbers_in(logs(node, "?num=1&ps=rare" + dear)), range(710, 711));
  EXPECT_EQ(numbers_in(logs(node, "?num=3&ps=rare" + dear)), (std::vector<std::uint64_t>{8, 9, 710}));
  EXPECT_EQ(numbers_in(logs(node, "?num=50&ps=rare" + dear)).size(), 11u);
  EXPECT_EQ(numbers_in(logs(node, "?num=1200" + dear)), range(211, 1411));
  EXPECT_EQ(numbers_in(logs(node, "?num=1500&ps=none" + dear)).size(), 0u);
}

TEST_P(TailTest, a_filter_that_takes_a_whole_share_to_compile_works_on_an_empty_channel) {
  std::string dear;
  for (int n = 0; n < 10; ++n) dear += "-text~" + std::string(30, 'q') + std::to_string(n) + "+";
  auto client = node.get("/v3/channels/c/logs?tail=1&num=10&filter=" + dear + "-text~r", {"Accept: text/plain"});
  StreamReader stream(client);
  EXPECT_NE(stream.head().find("200 OK"), std::string::npos) << stream.head();
  node.append("c", 0, 3);
  stream.until("n2\n");
  EXPECT_EQ(numbers_in(stream.body()), range(0, 3));
}

TEST_P(TailTest, num_is_exact_and_filters_choose_among_all) {
  node.append("c", 0, 50, "web.1");
  node.append("c", 50, 50, "worker.1");
  EXPECT_EQ(numbers_in(logs(node, "?num=3")), range(97, 100));
  EXPECT_EQ(numbers_in(logs(node, "?num=junk")), range(0, 100));
  EXPECT_EQ(numbers_in(logs(node, "?num=0")), range(0, 0));
  EXPECT_EQ(numbers_in(logs(node, "?num=4&ps=web")), range(46, 50));
  EXPECT_EQ(numbers_in(logs(node, "?num=4&filter=proc%3Dweb+text~n1.")), range(16, 20));
  EXPECT_EQ(numbers_in(logs(node, "?source=heroku")), range(0, 0));
  EXPECT_EQ(numbers_in(logs(node, "?since=1h")), range(0, 100));
  EXPECT_EQ(numbers_in(logs(node, "?until=1h")), range(0, 0));
}

TEST_P(TailTest, logs_without_accept_are_counted_frames) {
  node.append("c", 0, 20);
  auto client = node.get("/v3/channels/c/logs?num=5");
  StreamReader stream(client);
  EXPECT_NE(stream.head().find("Content-Type: application/logplex-1\r\n"), std::string::npos) << stream.head();
  EXPECT_NE(stream.head().find("logplex-msg-count: 5\r\n"), std::string::npos) << stream.head();
  std::string expected;
  for (int n = 15; n < 20; ++n) {
    const auto line = "<190>1 2026-01-02T03:04:05.000000+00:00 host app web.1 - n" + std::to_string(n) + "\n";
    expected += std::to_string(line.size()) + " " + line;
  }
  EXPECT_EQ(stream.all(), expected);
}

TEST_P(TailTest, refusals_are_answers) {
  EXPECT_EQ(node.call("GET", "/v3/channels/none/logs").status, 404);
  EXPECT_EQ(node.call("GET", "/v3/channels/c/logs", {}, {"Accept: image/png"}).status, 406);
  EXPECT_EQ(node.call("GET", "/v3/channels/c/logs?tail=maybe").status, 400);
  EXPECT_EQ(node.call("GET", "/v3/channels/c/logs?since=soon").json().at("field").as_string(), "since");
  EXPECT_EQ(node.call("GET", "/v3/channels/c/logs?filter=text~(").status, 400);
}

TEST_P(TailTest, history_then_live_and_the_source_ends_with_the_client) {
  node.append("c", 0, 10);
  {
    auto client = node.get("/v3/channels/c/logs?tail=1&num=4");
    StreamReader stream(client);
    stream.until("n9\n");
    EXPECT_NE(stream.head().find("Content-Type: text/plain"), std::string::npos);
    EXPECT_EQ(node.open_sources(), 1u);
    node.append("c", 10, 5);
    stream.until("n14\n");
    EXPECT_EQ(numbers_in(stream.body()), range(6, 15));
  }
  EXPECT_TRUE(eventually([&] { return node.open_sources() == 0; }));
}

TEST_P(TailTest, a_tail_ends_when_its_channel_moves_and_begins_again_at_the_new_owner) {
  node.append("c", 0, 3);
  auto client = node.get("/v3/channels/c/logs?tail=1&num=3");
  StreamReader stream(client);
  stream.until("n2\n");
  node.move("c", {7, 0});
  EXPECT_EQ(numbers_in(stream.all()), range(0, 3));
  const Seen refused = node.call("GET", "/v3/channels/c/logs");
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.error(), "another node has the lines of this channel");
  for (const std::uint32_t shard : {0U, 1U}) {
    node.move("c", {Owner::kThisNode, shard});
    auto again = node.get("/v3/channels/c/logs?tail=1&num=10");
    StreamReader live(again);
    live.head();
    node.append("c", 3, 2);
    live.until("n4\n");
    EXPECT_EQ(numbers_in(live.body()), range(3, 5)) << shard;
  }
}

TEST_P(TailTest, session_without_tail_ends_and_needs_no_key) {
  node.append("c", 0, 10);
  const auto made = node.call("POST", "/v3/sessions", R"({"channel_id":"c","num":3})");
  const auto url = std::string(made.json().at("url").as_string());
  RawClient client(node.port());
  client.send("GET " + url.substr(url.find("/sessions")) + " HTTP/1.1\r\nHost: h\r\n\r\n");
  StreamReader stream(client);
  EXPECT_EQ(numbers_in(stream.all()), range(7, 10));
}

TEST_P(TailTest, joining_under_load_has_no_gap_and_no_duplicate) {
  constexpr std::uint64_t kLines = 20'000;
  std::thread writer([&] { node.append("c", 0, kLines); });
  std::vector<std::string> bodies;
  std::vector<std::thread> readers;
  bodies.resize(4);
  for (auto& body : bodies)
    readers.emplace_back([&] {
      auto client = node.get("/v3/channels/c/logs?tail=1&num=1");
      StreamReader stream(client);
      body = stream.until("n" + std::to_string(kLines - 1) + "\n");
    });
  writer.join();
  for (auto& reader : readers) reader.join();
  for (const auto& body : bodies) {
    const auto numbers = numbers_in(body);
    ASSERT_FALSE(numbers.empty());
    // A reader that the machine held up may have lost lines; then it was told exactly how many.
    EXPECT_EQ(numbers.size() + lost_in(body), kLines - numbers.front());
    if (lost_in(body) == 0) {
      EXPECT_EQ(numbers, range(numbers.front(), kLines));
    }
    EXPECT_TRUE(std::is_sorted(numbers.begin(), numbers.end()));
  }
}

TEST_P(TailTest, events_resume_under_load_with_every_number_accounted_for) {
  constexpr std::uint64_t kLines = 6'000;
  std::thread writer([&] {
    for (std::uint64_t n = 0; n < kLines; n += 20) node.append("c", n, 20);
  });
  SeededRng rng(11);
  std::vector<std::uint64_t> numbers;
  std::uint64_t lost = 0;
  std::string id;
  while (numbers.empty() || numbers.back() != kLines - 1) {
    std::vector<std::string> headers = {"Accept: text/event-stream"};
    if (!id.empty()) headers.push_back("Last-Event-ID: " + id);
    auto client = node.get("/v3/channels/c/logs?tail=1&num=1000000", headers);
    StreamReader stream(client);
    const auto pieces = 1 + rng.below(20);
    for (std::uint64_t i = 0; i < pieces; ++i) {
      const auto piece = stream.next();
      ASSERT_FALSE(piece.empty());
      ASSERT_TRUE(piece.ends_with("\n\n"));
      if (!numbers.empty() && numbers_in(stream.body()).empty()) continue;
      if (stream.body().find("]: n" + std::to_string(kLines - 1) + "\n") != std::string::npos) break;
    }
    const auto got = numbers_in(stream.body());
    numbers.insert(numbers.end(), got.begin(), got.end());
    lost += lost_in(stream.body());
    if (const auto last = last_id_in(stream.body()); !last.empty()) id = last;
  }
  writer.join();
  EXPECT_EQ(numbers.size() + lost, kLines);
  if (lost == 0) {
    EXPECT_EQ(numbers, range(0, kLines));
  }
}

TEST_P(TailTest, foreign_and_old_cursors_get_a_gap_and_what_is_there) {
  node.append("c", 0, 5);
  const std::vector<std::pair<std::string, std::string>> cases = {
      {Cursor{1, Seq{7} << kEpochShift}.format(), "foreign_cursor"},
      {Cursor{0xabcdef, Seq{6} << kEpochShift}.format(), "restarted"},
      {"nonsense", "bad_cursor"}};
  for (const auto& [cursor, reason] : cases) {
    const auto body = logs(node, "?num=1", {"Accept: text/event-stream", "Last-Event-ID: " + cursor});
    EXPECT_NE(body.find("event: gap\ndata: {\"lost\":0,\"reason\":\"" + reason + "\"}\n\n"), std::string::npos) << body;
    EXPECT_EQ(numbers_in(body), range(0, 5)) << body;
  }
}

TEST_P(TailTest, json_formats) {
  node.append("c", 0, 1);
  const auto event = logs(node, "?format=json", {"Accept: text/event-stream"});
  EXPECT_NE(event.find("data: {"), std::string::npos) << event;
  EXPECT_NE(event.find("\"process\":\"web.1\""), std::string::npos) << event;
  const auto line = logs(node, "", {"Accept: application/x-ndjson"});
  EXPECT_EQ(boost::json::parse(line).at("text").as_string(), "n0");
}

TEST_P(TailTest, silent_event_stream_gets_comments) {
  auto settings = ApiNode::default_settings();
  settings.heartbeat = std::chrono::milliseconds(50);
  ApiNode quick(ApiNode::default_fabric(), settings);
  quick.make_channel("c");
  auto client = quick.get("/v3/channels/c/logs?tail=1", {"Accept: text/event-stream"});
  StreamReader stream(client);
  EXPECT_TRUE(stream.next().starts_with(":"));
  EXPECT_TRUE(stream.next().starts_with(":"));
}

TEST_P(TailTest, tail_ends_at_until) {
  const auto soon = std::chrono::system_clock::now() + std::chrono::milliseconds(1500);
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(soon.time_since_epoch());
  const auto until = timestamp(WallTime(us));
  auto client = node.get("/v3/channels/c/logs?tail=1&until=" + until);
  StreamReader stream(client);
  node.append("c", 0, 1);
  EXPECT_EQ(numbers_in(stream.all()), range(0, 1));
}

TEST_P(TailTest, deleting_the_channel_ends_its_tails) {
  auto client = node.get("/v3/channels/c/logs?tail=1");
  StreamReader stream(client);
  node.append("c", 0, 3);
  stream.until("n2\n");
  EXPECT_EQ(node.call("DELETE", "/v3/channels/c").status, 204);
  EXPECT_EQ(numbers_in(stream.all()), range(0, 3));
}

TEST(IdleTail, costs_little_memory) {
  ApiNode node;
  node.make_channel("c");
  constexpr std::size_t kTails = 400;
  constexpr std::size_t kMost = 10 << 10;  // 8.9 KiB without optimisation, connection and source (2026-11-23)
  std::vector<RawClient> clients;
  const auto open_tails = [&](std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      clients.push_back(node.get("/v3/channels/c/logs?tail=1&num=0", {"Accept: text/event-stream"}));
      clients.back().read_until("\r\n\r\n");
    }
  };
  open_tails(20);  // what is made once is there now
  const auto before = mallinfo2().uordblks;
  open_tails(kTails);
  const auto each = (mallinfo2().uordblks - before) / kTails;
  RecordProperty("bytes_per_idle_tail", static_cast<int>(each));
  EXPECT_LE(each, kMost);
}

TEST(SlowTail, is_told_exactly_how_many_it_lost) {
  auto fabric = ApiNode::default_fabric();
  fabric.history_lines = 200;
  fabric.memory_budget = 4_MiB;
  ApiNode node(fabric);
  node.make_channel("c");
  auto client = node.get("/v3/channels/c/logs?tail=1");
  StreamReader stream(client);
  node.append("c", 0, 1);
  stream.until("n0");
  constexpr std::uint64_t kLines = 24'000;
  for (std::uint64_t n = 1; n < kLines; n += 500)
    node.append("c", n, std::min<std::uint64_t>(500, kLines - n), "web.1", "app", 800);
  const auto body = stream.until("]: n" + std::to_string(kLines - 1) + " ");
  EXPECT_GT(lost_in(body), 0u);
  EXPECT_EQ(numbers_in(body).size() + lost_in(body), kLines);
  EXPECT_NE(body.find("logplex[1]: Error L11 (Tail buffer overflow) -> This tail session dropped "), std::string::npos);
}

}  // namespace
}  // namespace sluice::api
