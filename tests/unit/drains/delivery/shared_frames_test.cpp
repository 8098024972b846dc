#include <netinet/tcp.h>
#include <sys/socket.h>

#include <set>

#include <gmock/gmock.h>

#include "drains/kinds/destination.hpp"
#include "logplex/wire/timestamp.hpp"
#include "tests/unit/drains/drain_fixture.hpp"

// Drains that share the frames of a ring, over real sockets.

namespace sluice::drains {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

Drain global_to(const RawListener& listener, int number, const std::string& scheme = "syslog") {
  Drain drain = drain_to(url_of(listener, scheme));
  drain.channel.clear();
  drain.id = static_cast<std::uint64_t>(number);
  drain.token = *Uuid::parse("6ba7b810-9dad-41d1-80b4-00c04fd430" + std::to_string(10 + number));
  return drain;
}

std::string syslog_line(const Drain& drain, const std::string& text) {
  const std::string message =
      "<190>1 2026-01-02T03:04:05Z " + drain_token_text(drain) + " app web.1 - - " + text + "\n";
  return std::to_string(message.size()) + " " + message;
}

TEST(SharedFrames, ten_drains_get_their_own_bytes) {
  DrainWorld world;
  std::vector<std::unique_ptr<RawListener>> listeners;
  std::vector<std::unique_ptr<RunnerOnShard>> drains;
  std::vector<std::string> expected(10);
  for (int i = 0; i < 10; ++i) {
    listeners.push_back(std::make_unique<RawListener>());
    drains.push_back(std::make_unique<RunnerOnShard>(world, global_to(*listeners.back(), i)));
    EXPECT_TRUE(drains.back()->on_shard([](DrainRunner& it) { return it.shares_frames(); }));
  }
  world.shards.on(0, [&] {
    for (int i = 0; i < 5000; ++i) world.fabric.shard(0).append(world.channel, line_of(std::to_string(i)));
  });
  for (std::size_t i = 0; i < 10; ++i) {
    const Drain drain = global_to(*listeners[i], static_cast<int>(i));
    for (int line = 0; line < 5000; ++line) expected[i] += syslog_line(drain, std::to_string(line));
  }
  for (std::size_t i = 0; i < 10; ++i) {
    RawClient peer = listeners[i]->accept();
    EXPECT_EQ(peer.read_bytes(expected[i].size()), expected[i]);
    EXPECT_TRUE(drains[i]->delivers(5000));
  }
}

TEST(SharedFrames, drain_whose_receiver_stops_falls_out_and_comes_back_with_every_line) {
  DrainWorld world;
  RawListener quick;
  RawListener slow;
  RunnerOnShard first(world, global_to(quick, 1));
  RunnerOnShard second(world, global_to(slow, 2));
  const Drain slow_drain = global_to(slow, 2);
  RawClient slow_peer = [&] {
    world.append("begin");
    return slow.accept();
  }();
  std::thread reader([&] {
    RawClient peer = quick.accept();
    peer.read_until("end-of-all\n");
  });
  const std::string padding(900, 'p');
  const auto shares = [](DrainRunner& it) { return it.shares_frames(); };
  int appended = 0;
  while (second.on_shard(shares) && appended < 100'000) {
    world.shards.on(0, [&] {
      for (int i = 0; i < 200; ++i, ++appended)
        world.fabric.shard(0).append(world.channel, line_of(std::to_string(appended) + padding));
    });
    EXPECT_TRUE(first.reaches([](const Ledger& ledger) { return ledger.pending_lines == 0; }));
  }
  EXPECT_FALSE(second.on_shard(shares));
  EXPECT_TRUE(first.on_shard(shares));
  world.append("end-of-all");
  reader.join();
  std::string expected = syslog_line(slow_drain, "begin");
  for (int i = 0; i < appended; ++i) expected += syslog_line(slow_drain, std::to_string(i) + padding);
  expected += syslog_line(slow_drain, "end-of-all");
  const std::string got = slow_peer.read_bytes(expected.size());
  EXPECT_TRUE(got == expected) << "in order, each once";
  EXPECT_TRUE(second.delivers(static_cast<std::uint64_t>(appended) + 2));
  EXPECT_TRUE(eventually([&] { return second.on_shard(shares); }));
  EXPECT_EQ(second.ledger().dropped_total(), 0u);
}

/// What a request of an HTTP drain says of itself.
struct Received {
  explicit Received(const std::string& request)
      : id(request.substr(request.find("Logplex-Frame-Id: ") + 18, 32)),
        body(request.substr(request.find("\r\n\r\n"))) {}
  std::string id;
  std::string body;
};

TEST(SharedFrames, http_receivers_get_ids_of_their_own) {
  DrainWorld world;
  RawListener a;
  RawListener b;
  RunnerOnShard first(world, global_to(a, 1, "http"));
  RunnerOnShard second(world, global_to(b, 2, "http"));
  world.append("one");
  RawClient to_first = a.accept();
  RawClient to_second = b.accept();
  const Received one(to_first.read_response());
  const Received two(to_second.read_response());
  EXPECT_NE(one.id, two.id);
  EXPECT_EQ(one.body, two.body);
  to_first.send(answer(200));
  to_second.send(answer(200));
  EXPECT_TRUE(first.delivers(1));
  EXPECT_TRUE(second.delivers(1));
}

TEST(SharedFrames, paused_drain_leaves_and_returns) {
  DrainWorld world;
  RawListener listener;
  RunnerOnShard drain(world, global_to(listener, 1));
  const auto shares = [](DrainRunner& it) { return it.shares_frames(); };
  drain.pause(true);
  EXPECT_FALSE(drain.on_shard(shares));
  world.append("one");
  EXPECT_TRUE(drain.reaches([](const Ledger& ledger) { return ledger.pending_lines == 1; }));
  drain.pause(false);
  RawClient peer = listener.accept();
  EXPECT_THAT(peer.read_until("\n"), HasSubstr("one"));
  EXPECT_TRUE(eventually([&] { return drain.on_shard(shares); }));
  world.append("two");
  EXPECT_THAT(peer.read_until("\n"), HasSubstr("two"));
  EXPECT_TRUE(drain.delivers(2));
}

/// What the ring renders has no place for the losses of one drain.
TEST(SharedFrames, each_loss_is_told_in_a_frame_with_an_id_of_its_own) {
  DrainWorld world;
  RawListener listener;
  RunnerOnShard drain(world, global_to(listener, 1, "http"));
  world.append("line 0");
  RawClient peer = listener.accept();
  EXPECT_THAT(Received(peer.read_response()).body, HasSubstr("line 0"));
  std::set<std::string> ids;
  for (int i = 1; i <= 2; ++i) {
    peer.send(answer(400));
    EXPECT_TRUE(drain.reaches([i](const Ledger& ledger) { return ledger.dropped_total() == std::uint64_t(i); }));
    world.append("line " + std::to_string(i));
    const Received notice(peer.read_response());
    EXPECT_THAT(notice.body, HasSubstr("Error L10 (output buffer overflow): 1 messages dropped"));
    peer.send(answer(200));
    const Received frame(peer.read_response());
    EXPECT_THAT(frame.body, HasSubstr("line " + std::to_string(i)));
    for (const std::string& id : {notice.id, frame.id}) {
      EXPECT_THAT(id, MatchesRegex("[0-9A-F]{32}"));
      EXPECT_TRUE(ids.insert(id).second) << "a receiver would take it for one that it knows";
    }
  }
}

/// Connections to it are full after a few frames of 32 KiB.
void make_narrow(const RawListener& listener) {
  const int segment = 1000;
  const int buffer = 4096;
  ASSERT_EQ(::setsockopt(listener.fd(), IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof segment), 0);
  ASSERT_EQ(::setsockopt(listener.fd(), SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer), 0);
}

/// Memory is short in the turn in which a connection took a part of a frame.
TEST(SharedFrames, memory_of_frames_is_freed_but_for_the_one_of_which_the_receiver_has_a_part) {
  constexpr int kLines = 4000;
  DrainSettings settings = default_settings();
  settings.syslog_batch_bytes = 32_KiB;
  DrainWorld world({"127.0.0.0/8"}, settings);
  RawListener listener;
  make_narrow(listener);
  const Drain entry = global_to(listener, 1);
  RunnerOnShard drain(world, entry);
  world.append("begin");
  RawClient peer = listener.accept();
  EXPECT_EQ(peer.read_until("\n"), syslog_line(entry, "begin"));
  const std::string padding(900, 'p');
  world.shards.on(0, [&] {
    for (int i = 0; i < kLines; ++i) {
      const std::string text = std::to_string(i) + padding;
      LineView line = line_of(text);
      line.received += std::chrono::seconds(i);
      world.fabric.shard(0).append(world.channel, line);
    }
    world.memory->rings.find(entry)->render_all();
    EXPECT_FALSE(drain.runner().shares_frames());
    BodyPool& bodies = world.memory->bodies;
    bodies.charge(48 << 20);
    bodies.relieve();
    bodies.charge(-(48 << 20));
  });
  EXPECT_TRUE(eventually([&] {
    return world.shards.on(0, [&] { return world.memory->bodies.used_bytes(); }) < std::uint64_t{kLines} * 900 / 4;
  }));
  for (int next = 0; next < kLines; ++next)
    ASSERT_EQ(peer.read_until("\n"), syslog_line(entry, std::to_string(next) + padding));
  EXPECT_TRUE(drain.delivers(kLines + 1));
  EXPECT_EQ(drain.ledger().dropped_total(), 0U);
}

}  // namespace
}  // namespace sluice::drains
