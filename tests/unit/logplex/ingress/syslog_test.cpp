#include "tests/unit/logplex/ingress/ingress_fixture.hpp"

namespace sluice {
namespace {

class SyslogTest : public IngressTest {
 protected:
  std::size_t connections() {
    std::size_t open = 0;
    for (std::uint32_t id = 0; id < kShards; ++id)
      open += shards.on(id, [&] { return parts[id]->syslog.connections(); });
    return open;
  }
  SyslogServerCounters server_counters() {
    SyslogServerCounters sum;
    for (std::uint32_t id = 0; id < kShards; ++id) {
      const auto one = shards.on(id, [&] { return parts[id]->syslog.counters(); });
      sum.connections += one.connections;
      sum.idle_closed += one.idle_closed;
      sum.cut_short += one.cut_short;
    }
    return sum;
  }
  bool arrives(const char* channel, std::size_t count) {
    return eventually([&] { return lines(channel).size() >= count; });
  }
};

TEST_F(SyslogTest, lines_arrive_wherever_the_bytes_are_cut) {
  start();
  SeededRng rng(11);
  std::string bytes;
  std::vector<std::string> expected;
  for (int i = 0; i < 200; ++i) {
    const std::string text = std::to_string(i) + std::string(rng.below(600), 'x') + (i % 3 == 0 ? "\n" : "");
    bytes += line(text_of(token), text);
    expected.push_back("app web.1 " + text);
    if (i % 20 == 7) bytes += "garbage line " + std::to_string(i) + "\r\n";
  }
  RawClient client(port("ingress.syslog"));
  for (std::size_t at = 0; at < bytes.size();) {
    const auto size = static_cast<std::size_t>(1 + rng.below(700));
    ASSERT_TRUE(client.send(bytes.substr(at, size)));
    at += size;
  }
  ASSERT_TRUE(arrives("app-one", expected.size()));
  EXPECT_EQ(lines("app-one"), expected);
  EXPECT_EQ(counters().malformed, 10u);
}

TEST_F(SyslogTest, malformed_items_cost_only_themselves) {
  start();
  RawClient client(port("ingress.syslog"));
  client.send("<13>newline framed\n" + line(text_of(token), "a") + counted(std::string(10'241, 'y')) + "\n" +
              line("no-token", "b") + line("t.00000000-0000-4000-8000-000000000000", "c") + "0 \n" +
              line(text_of(other_token), "d"));
  ASSERT_TRUE(arrives("app-two", 1));
  ASSERT_TRUE(arrives("app-one", 1));
  EXPECT_EQ(lines("app-one"), std::vector<std::string>{"app web.1 a"});
  EXPECT_EQ(lines("app-two"), std::vector<std::string>{"heroku web.1 d"});
  const auto counted_items = counters();
  EXPECT_EQ(counted_items.malformed, 3u);
  EXPECT_EQ(counted_items.no_token, 1u);
  EXPECT_EQ(counted_items.unknown_token, 1u);
}

TEST_F(SyslogTest, megabytes_from_several_senders_lose_nothing) {
  start();
  constexpr int kSenders = 6;
  constexpr int kLines = 8000;
  std::vector<std::thread> senders;
  for (int s = 0; s < kSenders; ++s) {
    senders.emplace_back([&, s] {
      RawClient client(port("ingress.syslog"));
      std::string bytes;
      for (int i = 0; i < kLines; ++i)
        bytes += line(text_of(s % 2 == 0 ? token : other_token),
                      std::to_string(s) + ":" + std::to_string(i) + std::string(120, 'z'));
      EXPECT_TRUE(client.send(bytes));
      client.half_close();
      EXPECT_EQ(client.read_all(), "");
    });
  }
  for (auto& sender : senders) sender.join();
  for (const char* channel : {"app-one", "app-two"}) {
    ASSERT_TRUE(arrives(channel, kSenders / 2 * kLines)) << lines(channel).size();
    std::map<std::string, int> next;
    for (const auto& entry : lines(channel)) {
      ASSERT_EQ(entry.rfind("app web.1 ", 0) == 0 || entry.rfind("heroku web.1 ", 0) == 0, true) << entry;
      const auto text = entry.substr(entry.rfind(' ') + 1);
      const auto colon = text.find(':');
      ASSERT_EQ(std::stoi(text.substr(colon + 1)), next[text.substr(0, colon)]++);
    }
    EXPECT_EQ(next.size(), 3u);
  }
}

TEST_F(SyslogTest, silent_within_a_frame_is_closed_silent_between_frames_is_not) {
  settings.idle_timeout = std::chrono::milliseconds(80);
  start();
  RawClient patient(port("ingress.syslog"));
  patient.send(line(text_of(token), "a"));
  RawClient stuck(port("ingress.syslog"));
  stuck.send("100 <190>1 begin");
  EXPECT_EQ(stuck.read_all(), "");
  EXPECT_EQ(server_counters().idle_closed, 1u);
  EXPECT_EQ(connections(), 1u);
  patient.send(line(text_of(token), "b"));
  EXPECT_TRUE(arrives("app-one", 2));
}

TEST_F(SyslogTest, ends_inside_a_frame_are_counted) {
  start();
  RawClient cut(port("ingress.syslog"));
  cut.send(line(text_of(token), "whole") + "50 <190>");
  cut.half_close();
  EXPECT_EQ(cut.read_all(), "");
  RawClient clean(port("ingress.syslog"));
  clean.send(line(text_of(token), "whole"));
  clean.close();
  EXPECT_TRUE(arrives("app-one", 2));
  EXPECT_TRUE(eventually([this] { return connections() == 0; }));
  EXPECT_EQ(server_counters().cut_short, 1u);
  EXPECT_EQ(server_counters().connections, 2u);
}

TEST_F(SyslogTest, stop_takes_what_has_arrived) {
  start();
  RawClient client(port("ingress.syslog"));
  client.send(line(text_of(token), "first"));
  ASSERT_TRUE(arrives("app-one", 1));
  std::string bytes;
  for (int i = 0; i < 3000; ++i) bytes += line(text_of(token), std::string(200, 'q'));
  ASSERT_TRUE(client.send(bytes));
  for (std::uint32_t id = 0; id < kShards; ++id) shards.on(id, [&] { parts[id]->syslog.stop_accepting(); });
  client.read_all();
  EXPECT_EQ(connections(), 0u);
  EXPECT_TRUE(arrives("app-one", 3001)) << lines("app-one").size();
}

}  // namespace
}  // namespace sluice
