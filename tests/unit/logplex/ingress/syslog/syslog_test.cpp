#include "tests/unit/logplex/ingress/ingress_fixture.hpp"

namespace sluice::ingress {
namespace {

class SyslogTest : public IngressTest {
 protected:
  double connections() { return metric("sluice_ingress_syslog_connections"); }
  double accepted() { return metric("sluice_ingress_syslog_connections_total"); }
  double cut_short() { return metric("sluice_ingress_syslog_cut_short_total"); }
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
  client.send("no message\n" + line(text_of(token), "a") + counted("<13>" + std::string(10'241, 'y')) + "0 \n" +
              line("no-token", "b") + line("t.00000000-0000-4000-8000-000000000000", "c") + std::string("\0 \n", 3) +
              line(text_of(other_token), "d"));
  ASSERT_TRUE(arrives("app-two", 1));
  ASSERT_TRUE(arrives("app-one", 1));
  EXPECT_EQ(lines("app-one"), std::vector<std::string>{"app web.1 a"});
  EXPECT_EQ(lines("app-two"), std::vector<std::string>{"heroku web.1 d"});
  const auto counted_items = counters();
  EXPECT_EQ(counted_items.malformed, 3u);
  EXPECT_EQ(counted_items.too_long, 1u);
  EXPECT_EQ(counted_items.no_token, 1u);
  EXPECT_EQ(counted_items.unknown_token, 1u);
}

std::string message(const std::string& app, const std::string& text) {
  return "<190>1 2026-01-02T03:04:05.000006+00:00 host " + app + " web.1 - - " + text;
}

TEST_F(SyslogTest, newline_framed_messages_arrive_beside_counted_ones) {
  start();
  RawClient client(port("ingress.syslog"));
  client.send(message(text_of(token), "a") + "\n" + line(text_of(token), "b\n") + message(text_of(token), "c") +
              "\r\n" + message(text_of(token), std::string(20'000, 'x')) + "\n" + message(text_of(token), "d") + "\n");
  ASSERT_TRUE(arrives("app-one", 4));
  EXPECT_EQ(lines("app-one"), (std::vector<std::string>{"app web.1 a", "app web.1 b\n", "app web.1 c", "app web.1 d"}));
  EXPECT_EQ(counters().too_long, 1u);
}

/// util-linux' logger --tcp, Docker's driver in its three formats, rsyslog's default template, Python's handler.
TEST_F(SyslogTest, what_senders_write_by_default_arrives_without_the_token) {
  start();
  const std::string t = text_of(token);
  RawClient client(port("ingress.syslog"));
  client.send("<13>1 2026-11-28T22:14:15.123456+00:00 host " + t +
              " - - [timeQuality tzKnown=\"1\" isSynced=\"1\" syncAccuracy=\"21000\"] logger\n" +
              "<30>1 2026-11-28T22:14:15Z host " + t + " 1234 " + t + " - docker\n" + "<30>Nov 28 22:14:15 " + t +
              "[1234]: docker\n" + "<30>Nov  8 22:14:15 host " + t + "[1234]: docker\n" + "<13>Nov 28 22:14:15 host " +
              t + ": rsyslog\n" + message(t, "python") + std::string(1, '\0'));
  ASSERT_TRUE(arrives("app-one", 6));
  const auto all = lines("app-one");
  EXPECT_EQ(all[0], "app - logger");
  EXPECT_EQ(all[1], "app 1234 docker");
  EXPECT_EQ(all[2], "app - <30>Nov 28 22:14:15 app[1234]: docker");
  EXPECT_EQ(all[4], "app - <13>Nov 28 22:14:15 host app: rsyslog");
  EXPECT_EQ(all[5], "app web.1 python");
}

TEST_F(SyslogTest, a_token_stands_in_no_field_of_a_line) {
  start();
  const std::string t = text_of(token);
  const std::string other = text_of(other_token);
  RawClient client(port("ingress.syslog"));
  for (const std::string& bad :
       {"<999>1 - - " + t + " p m - x", "<13>2 - - " + t + " p m - x " + other, "<13>1  -  - " + t + " p m - x",
        "<13>1 - - " + t, "<13>1 - - " + t + " p\tq m - x " + t,
        "<13>1 " + other + " " + t + " " + t + " " + t + " " + other + " [a b=\"" + t + "\"] x"})
    client.send(counted(bad));
  ASSERT_TRUE(arrives("app-one", 6));
  for (const auto& whole : records("app-one")) {
    EXPECT_EQ(whole.find(t), std::string::npos) << whole;
    EXPECT_EQ(whole.find(other), std::string::npos) << whole;
  }
  EXPECT_EQ(lines("app-one")[0], "app - <999>1 - - app p m - x");
}

TEST_F(SyslogTest, a_line_that_says_it_was_here_is_not_taken) {
  start();
  const auto told = [&](const std::string& ids, const std::string& text) {
    return counted("<190>1 - web7 " + text_of(token) + " p m [sluice@32473 passed=\"" + ids + "\"][a k=\"v\"] " + text);
  };
  std::string many = "0000000000000001";
  for (char digit = 'a'; digit < 'p'; ++digit) many += std::string(",00000000000000") + digit + "0";
  std::string too_many = "0000000000000001";
  for (int id = 10; id < 25; ++id) too_many += ",00000000000000" + std::to_string(id);
  RawClient client(port("ingress.syslog"));
  client.send(told("00000000000000aa,0000000000000077", "back") + told("00000000000000aa,00000000000000bb", "a") +
              told(too_many, "many") + told(many, "b") + told("77", "c"));
  ASSERT_TRUE(arrives("app-one", 3));
  EXPECT_EQ(lines("app-one"), (std::vector<std::string>{"app p a", "app p b", "app p c"}));
  EXPECT_EQ(records("app-one")[0], "- web7 app p m [a k=\"v\"] a");
  EXPECT_EQ(counters().loops, 2u);
  EXPECT_EQ(refused(Refusal::kLoop), 2u);
  const auto passed = read("app-one", [](const RecordView& record) {
    std::string ids;
    for (std::size_t i = 0; i < record.passed().size(); ++i) ids += std::to_string(record.passed()[i]) + " ";
    return ids;
  });
  EXPECT_EQ(passed[0], "170 187 ");
  EXPECT_EQ(passed[2], "");
}

TEST_F(SyslogTest, a_line_without_end_is_taken_when_the_sender_ends) {
  start();
  RawClient client(port("ingress.syslog"));
  client.send(message(text_of(token), "last words"));
  client.half_close();
  EXPECT_EQ(client.read_all(), "");
  ASSERT_TRUE(arrives("app-one", 1));
  EXPECT_EQ(lines("app-one")[0], "app web.1 last words");
  EXPECT_EQ(cut_short(), 0);
}

TEST_F(SyslogTest, garbage_without_end_closes_the_connection) {
  start();
  RawClient client(port("ingress.syslog"));
  client.send(line(text_of(token), "a") + std::string(200'000, 'z'));
  EXPECT_EQ(client.read_all(), "");
  EXPECT_EQ(refused(Refusal::kNoMessage), 1u);
  EXPECT_TRUE(arrives("app-one", 1));
}

TEST_F(SyslogTest, a_slow_message_is_closed_however_often_a_byte_comes) {
  settings.idle_timeout = std::chrono::milliseconds(300);
  start();
  RawClient client(port("ingress.syslog"));
  client.send(line(text_of(token), "a") + "9999 <13>");
  ASSERT_TRUE(arrives("app-one", 1));
  int bytes = 0;
  while (client.send("x") && ++bytes < 200 && connections() > 0)
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_LT(bytes, 200);
  EXPECT_TRUE(eventually([&] { return refused(Refusal::kSlowMessage) == 1; }));
}

TEST_F(SyslogTest, without_a_token_a_connection_ends_and_with_one_it_stays) {
  limits.ingress_proof_time = std::chrono::milliseconds(150);
  start();
  RawClient proven(port("ingress.syslog"));
  proven.send(line(text_of(token), "a"));
  ASSERT_TRUE(arrives("app-one", 1));
  RawClient silent(port("ingress.syslog"));
  RawClient wrong(port("ingress.syslog"));
  wrong.send(line("no-token", "x"));
  EXPECT_EQ(silent.read_all(), "");
  EXPECT_EQ(wrong.read_all(), "");
  EXPECT_EQ(refused(Refusal::kNoProof), 2u);
  EXPECT_EQ(connections(), 1);
  EXPECT_EQ(pools->of("ingress.syslog").count(), 0u);
  proven.send(line(text_of(token), "b"));
  EXPECT_TRUE(arrives("app-one", 2));
}

TEST_F(SyslogTest, while_there_is_room_those_without_a_token_may_be_any_number) {
  start();  // 20 of 100, once more than 75 are open
  std::vector<std::unique_ptr<RawClient>> senders;
  for (int i = 0; i < 75; ++i) senders.push_back(std::make_unique<RawClient>(port("ingress.syslog")));
  ASSERT_TRUE(eventually([&] { return connections() == 75; })) << connections();
  for (const auto& sender : senders) sender->send(line(text_of(token), "a"));
  EXPECT_TRUE(arrives("app-one", 75));
  EXPECT_EQ(refused(Refusal::kCrowded), 0u);
  EXPECT_EQ(pools->of("ingress.syslog").count(), 0u);
}

TEST_F(SyslogTest, nearly_full_of_proven_senders_newcomers_have_their_part) {
  start();
  std::vector<std::unique_ptr<RawClient>> senders;
  for (int i = 0; i < 75; ++i) senders.push_back(std::make_unique<RawClient>(port("ingress.syslog")));
  for (const auto& sender : senders) sender->send(line(text_of(token), "a"));
  ASSERT_TRUE(arrives("app-one", 75));
  for (int i = 0; i < 20; ++i) senders.push_back(std::make_unique<RawClient>(port("ingress.syslog")));
  ASSERT_TRUE(eventually([&] { return connections() == 95; })) << connections();
  EXPECT_EQ(refused(Refusal::kCrowded), 0u);
  senders.push_back(std::make_unique<RawClient>(port("ingress.syslog")));
  EXPECT_TRUE(eventually([&] { return refused(Refusal::kCrowded) == 1; }));
  EXPECT_EQ(pools->of("ingress.syslog").count(), 20u);
}

TEST_F(SyslogTest, when_too_many_have_no_token_the_longest_silent_goes) {
  start();
  std::vector<std::unique_ptr<RawClient>> silent;
  for (int i = 0; i < 75; ++i) {
    silent.push_back(std::make_unique<RawClient>(port("ingress.syslog")));
    ASSERT_TRUE(eventually([&] { return connections() == static_cast<double>(silent.size()); }));
  }
  silent[0]->send("1");
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  RawClient sender(port("ingress.syslog"));
  EXPECT_EQ(silent[1]->read_all(), "");
  EXPECT_EQ(refused(Refusal::kCrowded), 1u);
  EXPECT_EQ(pools->of("ingress.syslog").count(), 75u);
  sender.send(line(text_of(token), "a"));
  ASSERT_TRUE(arrives("app-one", 1));
  EXPECT_EQ(connections(), 75);
}

TEST_F(SyslogTest, many_at_once_without_a_token_leave_as_many_as_may_stay) {
  start();
  std::vector<std::unique_ptr<RawClient>> silent;
  for (int i = 0; i < 90; ++i) silent.push_back(std::make_unique<RawClient>(port("ingress.syslog")));
  EXPECT_TRUE(eventually([&] { return accepted() == 90 && connections() == 75; })) << connections();
  EXPECT_EQ(pools->of("ingress.syslog").count(), 75u);
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
  EXPECT_EQ(metric("sluice_ingress_syslog_idle_closed_total"), 1);
  EXPECT_EQ(connections(), 1);
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
  EXPECT_EQ(cut_short(), 1);
  EXPECT_EQ(accepted(), 2);
}

TEST_F(SyslogTest, stop_takes_what_has_arrived) {
  start();
  RawClient client(port("ingress.syslog"));
  client.send(line(text_of(token), "first"));
  ASSERT_TRUE(arrives("app-one", 1));
  std::string bytes;
  for (int i = 0; i < 3000; ++i) bytes += line(text_of(token), std::string(200, 'q'));
  ASSERT_TRUE(client.send(bytes));
  for (std::uint32_t id = 0; id < kShards; ++id) shards.on(id, [&] { parts[id]->ingress.stop_accepting(); });
  client.read_all();
  EXPECT_EQ(connections(), 0);
  EXPECT_TRUE(arrives("app-one", 3001)) << lines("app-one").size();
}

}  // namespace
}  // namespace sluice::ingress
