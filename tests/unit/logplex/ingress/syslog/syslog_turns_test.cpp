#include <sys/socket.h>

#include <boost/asio/ip/address.hpp>

#include "logplex/ingress/syslog/syslog_server.hpp"
#include "tests/unit/logplex/ingress/ingress_fixture.hpp"

namespace sluice::ingress {
namespace {

/// One shard without a thread, and senders on socket pairs: the test makes it turn and counts what a turn does.
class SyslogTurns : public ::testing::Test {
 protected:
  SyslogTurns() {
    settings.frame_max = Bytes{10240};
    settings.idle_timeout = std::chrono::seconds(60);
    token = "t." + config.add_channel("app-one", "app").str();
    fabric.shard(0).open_channel(config.config.channel("app-one")->slot, "app-one");
    feed.emplace(shard, config.config);
    intake.emplace(shard, *feed, fabric.shard(0));
    server.emplace(shard, settings, *intake);
  }
  ~SyslogTurns() override { server->cancel(); }

  /// A sender with this in its socket, as much as the kernel takes.
  RawClient sender(std::string_view bytes) {
    int ends[2] = {-1, -1};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    const int room = 2 << 20;
    ::setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    const ssize_t sent = ::send(ends[0], bytes.data(), bytes.size(), MSG_NOSIGNAL);
    EXPECT_GT(sent, 0);
    server->on_accepted(ends[1], Peer{asio::ip::make_address("127.0.0.1"), 1}, ConnectionTicket());
    return RawClient(UniqueFd(ends[0]));
  }
  std::uint64_t items() const { return intake->counters().lines + intake->counters().no_token; }
  static std::string times(std::string_view what, std::size_t count) {
    std::string out;
    while (count-- > 0) out += what;
    return out;
  }

  ManualClock clock;
  Runtime runtime{1, clock};
  Shard& shard = runtime.shard(0);
  ShardScope scope{shard};
  Fabric fabric{runtime, {64_MiB, 100'000, {}}, std::chrono::seconds(1), {1, 1}};
  TestConfig config;
  IngressSettings settings;
  std::string token;
  std::optional<ConfigFeed> feed;
  std::optional<Intake> intake;
  std::optional<SyslogServer> server;
};

/// What a turn may do at most: both of its parts begin a slice before they are full.
constexpr Work kMost = 2 * (SyslogServer::kTurnWork + SyslogServer::kSlice);

TEST_F(SyslogTurns, frames_of_one_byte_take_many_short_turns) {
  const auto client = sender(times("1 x", 50'000));
  std::uint64_t seen = 0;
  for (int turn = 0; turn < 200 && seen < 50'000; ++turn) {
    shard.turn();
    EXPECT_LE((items() - seen) * SyslogServer::kNothingWork, kMost) << "turn " << turn;
    seen = items();
  }
  EXPECT_EQ(seen, 50'000U) << "every one is counted, wherever a slice ends";
}

TEST_F(SyslogTurns, small_lines_of_a_sender_arrive_all_and_in_order) {
  std::string bytes;
  for (int i = 0; i < 4000; ++i) bytes += counted("<0>1 - - " + token + " - - - " + std::to_string(i));
  const auto client = sender(bytes.substr(0, bytes.size() - 3));
  for (int turn = 0; turn < 100; ++turn) shard.turn();
  EXPECT_EQ(intake->counters().lines, 3999U);
  EXPECT_EQ(intake->counters().malformed, 0U);
}

TEST_F(SyslogTurns, those_who_send_all_the_time_take_turns) {
  std::vector<RawClient> floods;
  for (int i = 0; i < 20; ++i) floods.push_back(sender(times("1 x", 60'000)));
  for (int turn = 0; turn < 3; ++turn) shard.turn();
  const auto late = sender(line(token, "late"));
  shard.turn();
  EXPECT_EQ(intake->counters().lines, 1U) << "who comes with one line does not wait behind them";
  std::vector<RawClient> steady;
  steady.push_back(sender(times("1 x", 60'000) + line(token, "last")));
  int turns = 0;
  while (intake->counters().lines < 2 && turns < 1000) shard.turn(), ++turns;
  EXPECT_LT(turns, 400) << "nobody is passed over for good";
}

}  // namespace
}  // namespace sluice::ingress
