#include "drains/delivery/drain_runner.hpp"

#include <sys/socket.h>

#include <atomic>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/drains/delivery/delivery_fixture.hpp"

namespace sluice::drains {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

std::string header(const std::string& request, const std::string& name) {
  const auto at = request.find("\r\n" + name + ": ");
  if (at == std::string::npos) return {};
  const auto begin = at + name.size() + 4;
  return request.substr(begin, request.find("\r\n", begin) - begin);
}

std::string http_line(const std::string& text) {
  const std::string message = "<190>1 2026-01-02T03:04:05Z host app web.1 - " + text;
  return std::to_string(message.size()) + " " + message;
}

std::string syslog_line(const std::string& text) {
  const std::string message = "<190>1 2026-01-02T03:04:05Z " + kDrainToken + " app web.1 - - " + text + "\n";
  return std::to_string(message.size()) + " " + message;
}

TEST(DrainRunner, delivers_lines_and_keeps_the_account) {
  DrainWorld world;
  Delivery drain(world);
  EXPECT_EQ(drain.ledger().state, DrainState::kPending);
  world.append("one\n");
  const std::string request = drain.request();
  EXPECT_THAT(request, HasSubstr("\r\n\r\n" + http_line("one\n")));
  EXPECT_EQ(drain.ledger().pending_lines, 1u);
  EXPECT_EQ(drain.ledger().delivered, 0u);
  drain.answer(204);
  EXPECT_TRUE(drain.delivers(1));
  const Ledger ledger = drain.ledger();
  EXPECT_EQ(ledger.offered, 1u);
  EXPECT_EQ(ledger.pending_bytes, 0u);
  EXPECT_EQ(ledger.state, DrainState::kActive);
  EXPECT_TRUE(ledger.last_success && ledger.latency);
}

TEST(DrainRunner, is_offered_only_what_comes_after_its_start) {
  DrainWorld world;
  world.append("before");
  Delivery drain(world);
  world.append("after");
  const std::string request = drain.request();
  EXPECT_THAT(request, Not(HasSubstr("before")));
  EXPECT_THAT(request, HasSubstr("after"));
  drain.answer(204);
  EXPECT_TRUE(drain.delivers(1));
}

TEST(DrainRunner, filters_before_it_sends) {
  DrainWorld world;
  Drain to = drain_to("");
  to.filter = "text~keep";
  Delivery drain(world, to);
  for (int i = 0; i < 5; ++i) world.append("drop");
  EXPECT_TRUE(drain.reaches([](const Ledger& ledger) { return ledger.filtered == 5; }));
  world.append("keep");
  EXPECT_EQ(header(drain.request(), "Logplex-Msg-Count"), "1");
  drain.answer(204);
  EXPECT_TRUE(drain.delivers(1));
}

TEST(DrainRunner, lines_wait_together_while_a_request_is_under_way) {
  DrainWorld world;
  Delivery drain(world);
  world.append("first");
  drain.request();
  for (int i = 0; i < 100; ++i) world.append("more");
  drain.answer(204);
  EXPECT_EQ(header(drain.request(), "Logplex-Msg-Count"), "100");
  drain.answer(204);
  EXPECT_TRUE(drain.delivers(101));
}

TEST(DrainRunner, frames_end_at_the_target_size) {
  DrainSettings settings = default_settings();
  settings.http_batch_bytes = 1000_B;
  DrainWorld world({"127.0.0.1"}, settings);
  Delivery drain(world);
  world.append("first");
  drain.request();
  for (int i = 0; i < 100; ++i) world.append(std::string(100, 'x'));
  std::size_t messages = 1;
  while (messages < 101) {
    drain.answer(204);
    const std::string request = drain.request();
    EXPECT_LE(std::stoul(header(request, "Content-Length")), 1200u);
    messages += std::stoul(header(request, "Logplex-Msg-Count"));
  }
  drain.answer(204);
  EXPECT_TRUE(drain.delivers(101));
}

TEST(DrainRunner, failure_is_tried_again_with_the_same_frame) {
  DrainWorld world;
  Delivery drain(world);
  world.append("one");
  std::string id;
  for (const int status : {500, 503, 429}) {
    const std::string request = drain.request();
    if (id.empty()) id = header(request, "Logplex-Frame-Id");
    EXPECT_EQ(header(request, "Logplex-Frame-Id"), id);
    drain.answer(status);
    EXPECT_TRUE(drain.reaches([&](const Ledger& ledger) {
      return ledger.state == DrainState::kDegraded &&
             ledger.last_error == "the receiver answered " + std::to_string(status);
    }));
    EXPECT_EQ(drain.ledger().pending_lines, 1u);
  }
  EXPECT_EQ(header(drain.request(), "Logplex-Frame-Id"), id);
  drain.answer(200);
  EXPECT_TRUE(drain.delivers(1));
  EXPECT_EQ(drain.ledger().state, DrainState::kActive);
  EXPECT_EQ(drain.ledger().last_error, "");
}

TEST(DrainRunner, retry_after_is_honoured) {
  DrainWorld world;
  Delivery drain(world);
  world.append("one");
  drain.request();
  const auto before = std::chrono::steady_clock::now();
  drain.answer(429, "Retry-After: 1\r\n");
  drain.request();
  EXPECT_GE(std::chrono::steady_clock::now() - before, seconds(1));
  drain.answer(200);
  EXPECT_TRUE(drain.delivers(1));
}

TEST(DrainRunner, rejected_lines_are_told_before_the_next) {
  DrainWorld world;
  Delivery drain(world);
  world.append("one");
  world.append("two");
  std::uint64_t rejected = std::stoul(header(drain.request(), "Logplex-Msg-Count"));
  drain.answer(404);
  while (rejected < 2) {
    drain.request();
    drain.answer(404);
    ++rejected;
  }
  EXPECT_TRUE(drain.reaches([](const Ledger& ledger) { return ledger.dropped_total() == 2; }));
  EXPECT_EQ(drain.ledger().state, DrainState::kDegraded);
  world.append("three");
  std::string request = drain.request();
  EXPECT_THAT(request, HasSubstr("Error L10 (output buffer overflow): 2 messages dropped since "));
  EXPECT_LT(request.find("Error L10"), request.find("three"));
  EXPECT_EQ(header(request, "Logplex-Msg-Count"), "2");
  // Refused as well: what it told is told again, with its own line.
  drain.answer(400);
  world.append("four");
  request = drain.request();
  EXPECT_THAT(request, HasSubstr(": 3 messages dropped since "));
  drain.answer(200);
  EXPECT_TRUE(drain.delivers(1));
  const Ledger ledger = drain.ledger();
  EXPECT_EQ(ledger.dropped[static_cast<std::size_t>(LossReason::kRejected)], 3u);
  EXPECT_EQ(ledger.notices, 1u);
}

/// A receiver that needs longer than drains.http_timeout for more than four lines.
TEST(DrainRunner, batches_shrink_until_a_slow_receiver_is_in_time) {
  DrainSettings settings = default_settings();
  settings.http_timeout = milliseconds(400);
  DrainWorld world({"127.0.0.1"}, settings);
  Delivery drain(world);
  std::atomic<bool> stopping{false};
  std::atomic<int> slow{0};
  std::thread server([&] {
    for (int lines = 0; lines < 33 && !stopping;) {
      RawClient peer = drain.listener.accept();
      for (;;) {
        const std::string request = peer.read_response();
        if (request.empty()) break;
        const int count = std::stoi(header(request, "Logplex-Msg-Count"));
        if (count > 4) {
          ++slow;
          peer.read_all();
          break;
        }
        lines += count;
        if (!peer.send(answer(204))) break;
      }
    }
  });
  world.append("first");
  EXPECT_TRUE(drain.delivers(1));
  world.shards.on(0, [&] {
    for (int i = 0; i < 32; ++i) world.fabric.shard(0).append(world.channel, line_of("n\n"));
  });
  EXPECT_TRUE(drain.delivers(33));
  EXPECT_LE(slow, 6);
  stopping = true;
  drain.stop();
  if (drain.ledger().delivered < 33) RawClient(drain.listener.port());
  server.join();
}

TEST(DrainRunner, too_large_frames_are_split) {
  DrainWorld world;
  Delivery drain(world);
  world.append("0");
  drain.request();
  for (int i = 1; i < 9; ++i) world.append(std::to_string(i));
  drain.answer(200);
  std::string all;
  while (all.size() < 8) {
    const std::string request = drain.request();
    const bool one = header(request, "Logplex-Msg-Count") == "1";
    if (one) all += request.back();
    drain.answer(one ? 200 : 413);
  }
  EXPECT_EQ(all, "12345678");
  EXPECT_TRUE(drain.delivers(9));
}

TEST(DrainRunner, single_line_too_large_is_rejected) {
  DrainWorld world;
  Delivery drain(world);
  world.append("one");
  drain.request();
  drain.answer(413);
  EXPECT_TRUE(drain.reaches([](const Ledger& ledger) { return ledger.dropped_total() == 1; }));
}

TEST(DrainRunner, paused_drain_keeps_its_lines) {
  DrainWorld world;
  Delivery drain(world);
  drain.pause(true);
  world.append("one");
  EXPECT_TRUE(drain.reaches([](const Ledger& ledger) { return ledger.pending_lines == 1; }));
  EXPECT_EQ(drain.ledger().state, DrainState::kPaused);
  drain.pause(false);
  EXPECT_THAT(drain.request(), HasSubstr("one"));
  drain.answer(200);
  EXPECT_TRUE(drain.delivers(1));
}

TEST(DrainRunner, skipped_lines_are_dropped_and_counted) {
  DrainWorld world;
  Delivery drain(world);
  drain.pause(true);
  for (int i = 0; i < 3; ++i) world.append("old");
  drain.on_shard([](DrainRunner& it) { it.skip_pending(); });
  EXPECT_TRUE(drain.reaches([](const Ledger& ledger) {
    return ledger.dropped[static_cast<std::size_t>(LossReason::kSkipped)] == 3 && ledger.pending_lines == 0;
  }));
  drain.pause(false);
  world.append("new");
  EXPECT_THAT(drain.request(), Not(HasSubstr("old")));
  drain.answer(200);
  EXPECT_TRUE(drain.delivers(1));
}

TEST(DrainRunner, skipping_ends_a_request_that_hangs) {
  DrainWorld world;
  Delivery drain(world);
  world.append("hangs");
  drain.request();
  drain.on_shard([](DrainRunner& it) { it.skip_pending(); });
  EXPECT_TRUE(drain.reaches([](const Ledger& ledger) { return ledger.dropped_total() == 1; }));
}

TEST(DrainRunner, change_takes_waiting_lines_to_the_new_receiver) {
  DrainWorld world;
  RawListener second;
  Delivery drain(world);
  world.append("one");
  drain.request();
  drain.answer(500);
  EXPECT_TRUE(drain.reaches([](const Ledger& ledger) { return ledger.state == DrainState::kDegraded; }));
  drain.change(drain_to(url_of(second, "http")));
  RawClient other = second.accept();
  EXPECT_THAT(other.read_response(), HasSubstr("one"));
  other.send(answer(200));
  EXPECT_TRUE(drain.delivers(1));
}

TEST(DrainRunner, change_of_format_writes_waiting_lines_again) {
  DrainWorld world;
  RawListener second;
  Delivery drain(world);
  world.append("one");
  drain.request();
  world.append("two");
  drain.answer(500);
  EXPECT_TRUE(drain.reaches([](const Ledger& ledger) { return ledger.state == DrainState::kDegraded; }));
  drain.change(drain_to(url_of(second, "syslog")));
  RawClient other = second.accept();
  const std::string expected = syslog_line("one") + syslog_line("two");
  EXPECT_EQ(other.read_bytes(expected.size()), expected);
  EXPECT_TRUE(drain.delivers(2));
  EXPECT_EQ(drain.ledger().dropped_total(), 0u);
}

TEST(DrainRunner, lines_that_cannot_be_written_again_are_lost_and_told) {
  DrainWorld world;
  RawListener second;
  Delivery drain(world);
  world.append("gone");
  drain.request();
  world.shards.on(0, [&] {
    world.fabric.shard(0).close_channel(world.channel);
    world.fabric.shard(0).open_channel(world.channel, "app");
  });
  drain.change(drain_to(url_of(second, "syslog")));
  EXPECT_TRUE(drain.reaches([](const Ledger& ledger) { return ledger.pending_lines == 0; }));
  EXPECT_EQ(drain.ledger().dropped[static_cast<std::size_t>(LossReason::kRetention)], 1u);
}

TEST(DrainRunner, frames_under_way_count_against_the_byte_budget) {
  DrainWorld world;
  Delivery drain(world);
  const auto used = [&] { return world.shards.on(0, [&] { return world.memory->bodies.used_bytes(); }); };
  const auto budget_used = [&] {
    return world.shards.on(0, [&] { return world.fabric.shard(0).gauges().bytes_used; });
  };
  EXPECT_EQ(used(), 0u);
  world.append(std::string(50'000, 'x'));
  drain.request();
  EXPECT_GT(used(), 50'000u);
  EXPECT_GT(budget_used(), used() + 50'000) << "the line itself and its frame";
  drain.answer(200);
  EXPECT_TRUE(drain.delivers(1));
  EXPECT_TRUE(eventually([&] { return used() == 0; })) << "an idle drain keeps no memory";
}

TEST(DrainRunner, unusable_options_disable_and_say_why) {
  DrainWorld world;
  Drain bad = drain_to("http://127.0.0.1:1");
  bad.filter = "level<=loud";
  RunnerOnShard drain(world, bad);
  world.append("one");
  EXPECT_TRUE(drain.reaches([](const Ledger& ledger) { return ledger.pending_lines == 1; }));
  EXPECT_EQ(drain.ledger().state, DrainState::kDisabled);
  EXPECT_THAT(drain.ledger().last_error, HasSubstr("level<=loud"));
}

TEST(DrainRunner, syslog_lines_are_confirmed_by_tcp) {
  DrainWorld world;
  RawListener listener;
  RunnerOnShard drain(world, drain_to(url_of(listener, "syslog")));
  std::string expected;
  for (int i = 0; i < 1000; ++i) {
    world.append(std::to_string(i));
    expected += syslog_line(std::to_string(i));
  }
  RawClient peer = listener.accept();
  EXPECT_EQ(peer.read_bytes(expected.size()), expected);
  EXPECT_TRUE(drain.delivers(1000));
}

TEST(DrainRunner, syslog_frames_lost_with_the_connection_are_sent_again) {
  DrainWorld world;
  RawListener listener;
  RunnerOnShard drain(world, drain_to(url_of(listener, "syslog")));
  const std::string large(60000, 'x');
  // Far more than a peer's buffers take, so that the reset finds frames unconfirmed.
  for (int i = 0; i < 400; ++i) world.append(large);
  world.append("last");
  RawClient first = listener.accept();
  first.read_bytes(10000);
  const linger now{1, 0};
  ::setsockopt(first.fd(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
  first.close();
  RawClient second = listener.accept();
  EXPECT_THAT(second.read_until("last\n"), HasSubstr(large));
  EXPECT_TRUE(drain.delivers(401));
}

TEST(DrainRunner, receiver_that_breaks_again_and_again_is_left_alone_longer) {
  DrainSettings settings = default_settings();
  settings.backoff_min = seconds(30);
  settings.backoff_max = seconds(60);
  DrainWorld world({"127.0.0.1"}, settings);
  Delivery drain(world);
  world.append("one");
  drain.request();
  drain.hang_up();
  EXPECT_TRUE(drain.reaches([](const Ledger& ledger) { return ledger.state == DrainState::kDegraded; }));
  EXPECT_EQ(drain.ledger().pending_lines, 1u);
}

TEST(DrainRunner, flush_sends_what_waits_for_a_batch) {
  DrainSettings settings = default_settings();
  settings.flush_window = seconds(10);
  DrainWorld world({"127.0.0.1"}, settings);
  Delivery drain(world);
  world.append("one");
  std::thread server([&] {
    RawClient peer = drain.listener.accept();
    peer.read_response();
    peer.send(answer(200));
  });
  drain.on_shard([](DrainRunner& it) { it.flush(); });
  world.shards.await(0, drain.runner().finished());
  EXPECT_EQ(drain.ledger().delivered, 1u);
  server.join();
}

TEST(DrainRunner, flush_gives_up_after_a_failure) {
  DrainWorld world;
  RunnerOnShard drain(world, drain_to("http://127.0.0.1:" + std::to_string(free_port())));
  world.append("one");
  drain.on_shard([](DrainRunner& it) { it.flush(); });
  world.shards.await(0, drain.runner().finished());
  EXPECT_EQ(drain.ledger().pending_lines, 1u);
}

TEST(DrainRunner, nothing_to_flush_is_finished) {
  DrainWorld world;
  RunnerOnShard drain(world, drain_to("http://127.0.0.1:1"));
  drain.on_shard([](DrainRunner& it) { it.flush(); });
  world.shards.await(0, drain.runner().finished());
}

}  // namespace
}  // namespace sluice::drains
