#include "drains/kafka/kafka_transport.hpp"

#include <algorithm>
#include <thread>

#include <gmock/gmock.h>

#include "tests/unit/drains/drain_fixture.hpp"
#include "tests/unit/drains/kafka/mock_kafka.hpp"

namespace sluice::drains {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::int64_t kReceivedMs = 1767323045678;

/// "n 0", "n 1", ...: what a channel is given, and what must come out, each once and in order.
class Numbers {
 public:
  explicit Numbers(DrainWorld& world) : world_(world) {}
  void append(int count, const std::string& padding = "") {
    for (int i = 0; i < count; ++i) world_.append("n " + std::to_string(next_++) + padding + "\n");
  }
  /// In one turn, so that they come in one frame.
  void append_at_once(int count, const std::string& padding) {
    world_.shards.on(0, [&] {
      for (int i = 0; i < count; ++i) {
        const std::string text = "n " + std::to_string(next_++) + padding + "\n";
        world_.fabric.shard(0).append(world_.channel, line_of(text));
      }
    });
  }
  int count() const { return next_; }

 private:
  DrainWorld& world_;
  int next_ = 0;
};

std::vector<int> numbers_of(const std::vector<MockMessage>& messages) {
  std::vector<int> numbers;
  for (const auto& message : messages) {
    const auto at = message.value.find(" n ");
    numbers.push_back(at == std::string::npos ? -1 : std::stoi(message.value.substr(at + 3)));
  }
  return numbers;
}

std::vector<int> counted(int count, int from = 0) {
  std::vector<int> numbers;
  for (int i = from; i < count; ++i) numbers.push_back(i);
  return numbers;
}

DrainSettings quick_settings() {
  DrainSettings settings = default_settings();
  settings.kafka_linger = std::chrono::milliseconds(1);
  return settings;
}

struct KafkaWorld : DrainWorld {
  explicit KafkaWorld(const DrainSettings& settings = quick_settings(),
                      const std::vector<std::string>& allow = {"127.0.0.0/8"},
                      std::chrono::seconds stall_limit = KafkaProducer::kStallLimit)
      : DrainWorld(allow, settings, stall_limit), lines(*this) {}
  Numbers lines;
};

::testing::AssertionResult delivers(RunnerOnShard& runner, std::uint64_t lines) {
  if (eventually([&] { return runner.ledger().delivered == lines; })) return ::testing::AssertionSuccess();
  const Ledger ledger = runner.ledger();
  return ::testing::AssertionFailure() << "delivered " << ledger.delivered << " of " << lines << ", pending "
                                       << ledger.pending_lines << ", dropped " << ledger.dropped_total() << ", "
                                       << ledger.last_error;
}

bool fails_with(RunnerOnShard& runner, const std::string& reason) {
  return eventually([&] {
    const Ledger ledger = runner.ledger();
    return ledger.state == DrainState::kDegraded && ledger.last_error.find(reason) != std::string::npos;
  });
}

TEST(KafkaDrain, lines_arrive_with_key_headers_and_time) {
  KafkaWorld world;
  MockKafka kafka;
  RunnerOnShard runner(world, drain_to(kafka.url("/lines")));
  world.append("hello at=info\n");
  ASSERT_TRUE(delivers(runner, 1));
  const auto messages = kafka.read("lines");
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_EQ(messages[0].key, "app");
  EXPECT_EQ(messages[0].value, "<190>1 2026-01-02T03:04:05Z web7 app web.1 - - hello at=info");
  EXPECT_EQ(messages[0].timestamp_ms, kReceivedMs);
  auto headers = messages[0].headers;
  EXPECT_EQ(headers["frame-id"].size(), 32u);
  headers.erase("frame-id");
  const std::map<std::string, std::string> wanted = {{"channel", "app"},
                                                     {"source", "app"},
                                                     {"process", "web.1"},
                                                     {"seq", std::to_string(std::uint64_t{3} << 40)},
                                                     {"format", "rfc5424"}};
  EXPECT_EQ(headers, wanted);
  EXPECT_EQ(runner.ledger().state, DrainState::kActive);
}

TEST(KafkaDrain, many_lines_arrive_once_and_in_order_over_leader_moves) {
  KafkaWorld world;
  MockKafka kafka(3);
  kafka.make_topic("lines", 4, 3);
  RunnerOnShard runner(world, drain_to(kafka.url("/lines")));
  for (int round = 0; round < 12; ++round) {
    world.lines.append(500);
    for (int partition = 0; partition < 4; ++partition)
      kafka.move_leader("lines", partition, 1 + (round + partition) % 3);
  }
  ASSERT_TRUE(delivers(runner, 6000));
  EXPECT_EQ(numbers_of(kafka.read("lines")), counted(6000));
}

TEST(KafkaDrain, an_outage_only_delays_and_is_told) {
  KafkaWorld world;
  MockKafka kafka;
  RunnerOnShard runner(world, drain_to(kafka.url("/lines")));
  world.lines.append(10);
  ASSERT_TRUE(delivers(runner, 10));
  kafka.set_down(1);
  world.lines.append(2000);
  EXPECT_TRUE(fails_with(runner, "127.0.0.1"));
  EXPECT_GT(runner.ledger().in_flight_lines, 0u);
  EXPECT_GE(runner.ledger().errors.of(ErrorClass::kConnect), 1u);
  kafka.set_up(1);
  ASSERT_TRUE(delivers(runner, 2010));
  EXPECT_EQ(runner.ledger().in_flight_lines, 0u);
  EXPECT_EQ(numbers_of(kafka.read("lines")), counted(2010));
  EXPECT_EQ(runner.ledger().state, DrainState::kActive);
  EXPECT_EQ(runner.ledger().last_error, "");
}

TEST(KafkaDrain, a_full_queue_holds_the_cursor_back) {
  DrainSettings settings = quick_settings();
  settings.kafka_queue_bytes = 1_MiB;
  settings.kafka_batch_bytes = 16_MiB;
  KafkaWorld world(settings);
  MockKafka kafka;
  kafka.make_topic("lines", 1);
  kafka.set_down(1);
  RunnerOnShard runner(world, drain_to(kafka.url("/lines")));
  world.lines.append_at_once(12'000, std::string(200, '.'));
  ASSERT_TRUE(eventually([&] { return world.kafka.counters().queued_lines > 3000; }));
  EXPECT_LT(world.kafka.counters().queued_lines, 6000);
  EXPECT_EQ(runner.ledger().pending_lines, 12'000u);
  kafka.set_up(1);
  ASSERT_TRUE(delivers(runner, 12'000));
  EXPECT_EQ(numbers_of(kafka.read("lines")), counted(12'000));
  EXPECT_EQ(world.kafka.counters().queued_lines, 0);
}

TEST(KafkaDrain, a_dead_producer_is_replaced_and_no_line_is_lost_or_repeated) {
  KafkaWorld world;
  MockKafka kafka;
  kafka.make_topic("lines", 1);
  TransportOnShard transport(world, drain_to(kafka.url("/lines")));
  RunnerOnShard runner(world, drain_to(kafka.url("/lines")));
  const Frame probe = [] {
    Frame frame;
    KafkaEntry entry;
    std::memcpy(append_kafka_entry(frame.body, entry, 5), "probe", 5);
    frame.lines = 1;
    return frame;
  }();
  for (int round = 0; round < 3; ++round) {
    ASSERT_EQ(transport.send(probe).verdict, Verdict::kSent);
    ASSERT_TRUE(eventually(
        [&] { return transport.on_shard([](Transport& t) { return t.windowed()->take_confirmed(); }) == 1; }));
    world.lines.append(3000);
    // The runner's producer is the same one: it is shared.
    transport.on_shard([](Transport& t) { dynamic_cast<KafkaTransport&>(t).producer()->fail_for_test(); });
    world.lines.append(500);
    ASSERT_TRUE(delivers(runner, static_cast<std::uint64_t>(world.lines.count())));
  }
  auto numbers = numbers_of(kafka.read("lines"));
  numbers.erase(std::remove(numbers.begin(), numbers.end(), -1), numbers.end());
  EXPECT_EQ(numbers, counted(world.lines.count()));
  EXPECT_GE(world.kafka.counters().producers_made, 4u);
}

TEST(KafkaDrain, a_producer_that_confirms_nothing_beside_a_broker_that_is_there_is_replaced) {
  KafkaWorld world(quick_settings(), {"127.0.0.0/8"}, std::chrono::seconds(3));
  MockKafka kafka;
  kafka.make_topic("lines", 1);
  RunnerOnShard runner(world, drain_to(kafka.url("/lines")));
  world.lines.append(1000);
  ASSERT_TRUE(delivers(runner, 1000));
  kafka.set_rtt(1, 8000);
  world.lines.append(1000);
  ASSERT_TRUE(fails_with(runner, "no line was confirmed for 3 s"));
  EXPECT_EQ(world.kafka.counters().fatal, 1u);
  kafka.set_rtt(1, 0);
  world.lines.append(1000);
  ASSERT_TRUE(delivers(runner, 3000));
  EXPECT_EQ(world.kafka.counters().producers_made, 2u);
  EXPECT_EQ(numbers_of(kafka.read("lines")), counted(3000));
}

TEST(KafkaDrain, a_producer_without_a_broker_is_kept) {
  KafkaWorld world(quick_settings(), {"127.0.0.0/8"}, std::chrono::seconds(2));
  MockKafka kafka;
  kafka.make_topic("lines", 1);
  RunnerOnShard runner(world, drain_to(kafka.url("/lines")));
  world.lines.append(1000);
  ASSERT_TRUE(delivers(runner, 1000));
  kafka.set_down(1);
  world.lines.append(1000);
  std::this_thread::sleep_for(std::chrono::seconds(6));
  EXPECT_EQ(world.kafka.counters().producers_made, 1u);
  kafka.set_up(1);
  ASSERT_TRUE(delivers(runner, 2000));
  EXPECT_EQ(world.kafka.counters().producers_made, 1u);
  EXPECT_EQ(numbers_of(kafka.read("lines")), counted(2000));
}

TEST(KafkaDrain, batches_become_smaller_until_the_line_that_is_too_large_is_known) {
  KafkaWorld world;
  MockKafka kafka;
  kafka.make_topic("lines", 1);
  const auto too_large = RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE;
  // Of the usual size, of 64 KiB, of 8 KiB, and then the first line alone.
  kafka.fail_produce({too_large, too_large, too_large, too_large});
  RunnerOnShard runner(world, drain_to(kafka.url("/lines?linger=300ms")));
  world.lines.append(10, std::string(1000, '.'));
  ASSERT_TRUE(eventually([&] { return runner.ledger().pending_lines == 0; }));
  const Ledger ledger = runner.ledger();
  EXPECT_EQ(ledger.delivered, 9u);
  EXPECT_EQ(ledger.dropped[static_cast<std::size_t>(LossReason::kRejected)], 1u);
  EXPECT_EQ(ledger.state, DrainState::kDegraded);
  EXPECT_THAT(ledger.last_error, HasSubstr("too large for topic lines"));
  EXPECT_EQ(numbers_of(kafka.read("lines")), counted(10, 1));
  // A line that large is not even tried any more; smaller ones pass, with a notice of the loss.
  world.lines.append(1, std::string(1000, '.'));
  world.lines.append(1);
  ASSERT_TRUE(delivers(runner, 10));
  EXPECT_EQ(runner.ledger().dropped_total(), 2u);
}

TEST(KafkaDrain, a_missing_topic_is_told_and_tried_again) {
  KafkaWorld world;
  MockKafka kafka;
  kafka.set_error("lines", RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
  RunnerOnShard runner(world, drain_to(kafka.url("/lines")));
  world.lines.append(100);
  EXPECT_TRUE(fails_with(runner, "topic lines: Broker: Unknown topic or partition")) << runner.ledger().last_error;
  EXPECT_GE(runner.ledger().errors.of(ErrorClass::kTopic), 1u);
  kafka.set_error("lines", RD_KAFKA_RESP_ERR_NO_ERROR);
  EXPECT_TRUE(delivers(runner, 100));
  EXPECT_EQ(numbers_of(kafka.read("lines")), counted(100));
}

TEST(KafkaDrain, refused_authorisation_is_told_and_tried_again) {
  KafkaWorld world;
  MockKafka kafka;
  kafka.make_topic("lines", 1);
  kafka.fail_produce(std::vector(4, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED));
  RunnerOnShard runner(world, drain_to(kafka.url("/lines")));
  world.lines.append(100);
  EXPECT_TRUE(fails_with(runner, "topic lines: Broker: Topic authorization failed")) << runner.ledger().last_error;
  EXPECT_GE(runner.ledger().errors.of(ErrorClass::kAuthorization), 1u);
  EXPECT_TRUE(delivers(runner, 100));
  EXPECT_EQ(numbers_of(kafka.read("lines")), counted(100));
}

TEST(KafkaDrain, refused_batches_neither_lose_nor_reorder) {
  KafkaWorld world;
  MockKafka kafka;
  kafka.make_topic("lines", 1);
  const auto refused = RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED;
  RunnerOnShard runner(world, drain_to(kafka.url("/lines")));
  world.lines.append(3000);
  kafka.fail_produce({refused, RD_KAFKA_RESP_ERR_NO_ERROR, refused});
  world.lines.append(3000);
  ASSERT_TRUE(delivers(runner, 6000));
  EXPECT_EQ(numbers_of(kafka.read("lines")), counted(6000));
}

TEST(KafkaDrain, brokers_must_have_an_allowed_address) {
  KafkaWorld world(quick_settings(), {});
  MockKafka kafka;
  RunnerOnShard runner(world, drain_to(kafka.url("/lines")));
  world.lines.append(1);
  EXPECT_TRUE(fails_with(runner, "is a loopback address, which drains.allow_cidrs does not name"));
  EXPECT_EQ(runner.ledger().delivered, 0u);
}

TEST(KafkaDrain, one_producer_for_each_cluster_and_credential) {
  KafkaWorld world;
  MockKafka kafka;
  TransportOnShard first(world, drain_to(kafka.url("/a")));
  TransportOnShard second(world, drain_to(kafka.url("/b")));
  TransportOnShard other(world, drain_to(kafka.url("/a?sasl.username=u&sasl.password=p")));
  Frame frame;
  std::memcpy(append_kafka_entry(frame.body, {}, 1), "x", 1);
  frame.lines = 1;
  for (TransportOnShard* transport : {&first, &second, &other})
    EXPECT_EQ(transport->send(frame).verdict, Verdict::kSent);
  EXPECT_EQ(world.kafka.counters().producers, 2u);
  for (TransportOnShard* transport : {&first, &second, &other})
    transport->on_shard([](Transport& t) {
      t.close();
      return 0;
    });
  EXPECT_TRUE(eventually([&] { return world.kafka.counters().producers == 0; }));
  EXPECT_EQ(world.kafka.counters().queued_lines, 0);
}

/// Each change of a drain's options needs another producer, and ending one takes time.
TEST(KafkaDrain, producers_that_are_ending_keep_their_places) {
  KafkaWorld world;
  MockKafka kafka;
  Frame frame;
  std::memcpy(append_kafka_entry(frame.body, {}, 1), "x", 1);
  frame.lines = 1;
  std::uint64_t most = 0;
  for (int i = 0; i < 40; ++i) {
    TransportOnShard mine(world, drain_to(kafka.url("/a?linger=" + std::to_string(i) + "ms")));
    EXPECT_EQ(mine.send(frame).verdict, Verdict::kSent) << "it waits for a place";
    most = std::max<std::uint64_t>(most, world.kafka.counters().producers);
  }
  EXPECT_LE(most, 4u) << "what a channel may have";
  Drain other = drain_to(kafka.url("/a?linger=9s"));
  other.channel = "other";
  EXPECT_EQ(TransportOnShard(world, other).send(frame).verdict, Verdict::kSent);
}

TEST(KafkaDrain, what_librdkafka_copied_counts_until_it_is_confirmed) {
  KafkaWorld world;
  MockKafka kafka;
  kafka.make_topic("lines", 1);
  kafka.set_down(1);
  TransportOnShard transport(world, drain_to(kafka.url("/lines")));
  const auto held = [&] { return transport.on_shard([](Transport& t) { return t.windowed()->held_bytes(); }); };
  Frame frame;
  std::memset(append_kafka_entry(frame.body, {}, 5000), 'x', 5000);
  frame.lines = 1;
  EXPECT_EQ(held(), 0u);
  ASSERT_EQ(transport.send(frame).verdict, Verdict::kSent);
  EXPECT_GT(held(), 5000u);
  kafka.set_up(1);
  ASSERT_TRUE(
      eventually([&] { return transport.on_shard([](Transport& t) { return t.windowed()->take_confirmed(); }) == 1; }));
  EXPECT_EQ(held(), 0u);
}

TEST(KafkaDrain, what_cannot_work_is_fatal_and_tells_no_secret) {
  KafkaWorld world;
  Drain drain = drain_to("kafka+tls://127.0.0.1:1/t");
  drain.client_cert = "no certificate";
  drain.client_key = Secret("s3cret");
  TransportOnShard transport(world, drain);
  Frame frame;
  std::memcpy(append_kafka_entry(frame.body, {}, 1), "x", 1);
  frame.lines = 1;
  const SendReport report = transport.send(frame);
  EXPECT_EQ(report.verdict, Verdict::kFatal);
  EXPECT_EQ(report.error_class, ErrorClass::kConfiguration);
  EXPECT_THAT(report.error, Not(HasSubstr("s3cret")));
}

TEST(KafkaDrain, frames_of_another_receiver_are_given_up_when_the_drain_changes) {
  KafkaWorld world;
  MockKafka kafka;
  RunnerOnShard runner(world, drain_to("http://127.0.0.1:1/"));
  world.lines.append(5);
  ASSERT_TRUE(runner.reaches([](const Ledger& ledger) { return ledger.state == DrainState::kDegraded; }));
  runner.change(drain_to(kafka.url("/lines")));
  ASSERT_TRUE(eventually([&] { return runner.ledger().dropped_total() + runner.ledger().delivered == 5; }));
  world.append("after\n");
  ASSERT_TRUE(eventually([&] { return runner.ledger().pending_lines == 0; }));
  EXPECT_THAT(kafka.read("lines").back().value, HasSubstr("after"));
}

}  // namespace
}  // namespace sluice::drains
