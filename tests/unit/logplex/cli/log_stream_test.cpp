#include "logplex/cli/log_stream.hpp"

#include <gtest/gtest.h>

#include "tests/unit/logplex/cli/command_bench.hpp"
#include "tests/unit/logplex/cli/scripted_server.hpp"

namespace sluice::cli {
namespace {

std::string event(int n) {
  const std::string number = std::to_string(n);
  return "id: c" + number +
         "\ndata: {\"time\":\"2026-01-02T03:04:05Z\",\"source\":\"app\",\"process\":\"web.1\",\"text\":\"line " +
         number + "\\n\"}\n\n";
}

std::string printed(int n) { return "2026-01-02T03:04:05+00:00 app[web.1]: line " + std::to_string(n) + "\n"; }

std::string chunk(const std::string& body) { return ScriptedServer::chunk(body); }

/// The end of a tail in these tests: the server forgets the channel.
std::string gone() { return ScriptedServer::answer("404 Not Found", R"({"error":"channel not found"})"); }

TEST(LogStream, history_prints_and_ends) {
  ScriptedServer server(
      {{ScriptedServer::stream_head(), chunk(event(1)), chunk(event(2)), ScriptedServer::last_chunk()}});
  CommandBench bench;
  EXPECT_EQ(bench.run({"logs", "-a", "shop", "--url", server.url()}), 0) << bench.err();
  EXPECT_EQ(bench.out(), printed(1) + printed(2));
  EXPECT_EQ(bench.streams(), 1);
  EXPECT_NE(server.requests().at(0).find("Accept: text/event-stream\r\n"), std::string::npos);
}

TEST(LogStream, history_that_is_cut_is_an_error) {
  ScriptedServer server({{ScriptedServer::stream_head(), chunk(event(1))}});
  CommandBench bench;
  EXPECT_EQ(bench.run({"logs", "-a", "shop", "--url", server.url()}), 1);
  EXPECT_EQ(bench.out(), printed(1));
}

TEST(LogStream, tail_goes_on_where_it_broke) {
  const std::string half = event(3).substr(0, 20);
  ScriptedServer server({{ScriptedServer::stream_head(), chunk(event(1) + event(2) + half)},
                         {ScriptedServer::answer("503 Service Unavailable", "")},
                         {ScriptedServer::stream_head(), chunk(event(3)), ScriptedServer::last_chunk()},
                         {gone()}});
  CommandBench bench;
  EXPECT_EQ(bench.run({"tail", "-a", "shop", "--url", server.url()}), 1);
  EXPECT_EQ(bench.out(), printed(1) + printed(2) + printed(3));
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 4U);
  EXPECT_EQ(requests[0].find("Last-Event-ID"), std::string::npos);
  EXPECT_NE(requests[1].find("Last-Event-ID: c2\r\n"), std::string::npos);
  EXPECT_NE(requests[2].find("Last-Event-ID: c2\r\n"), std::string::npos);
  EXPECT_NE(requests[3].find("Last-Event-ID: c3\r\n"), std::string::npos);
  EXPECT_NE(bench.err().find("-- connection lost"), std::string::npos);
  EXPECT_NE(bench.err().find("channel not found"), std::string::npos);
}

TEST(LogStream, a_tail_without_a_line_yet_goes_on_where_it_began) {
  ScriptedServer server({{ScriptedServer::stream_head(), chunk("id: c0\n\n")},
                         {ScriptedServer::stream_head(), chunk(event(1)), ScriptedServer::last_chunk()},
                         {gone()}});
  CommandBench bench;
  EXPECT_EQ(bench.run({"tail", "-a", "shop", "-n", "0", "--url", server.url()}), 1);
  EXPECT_EQ(bench.out(), printed(1));
  EXPECT_NE(server.requests().at(1).find("Last-Event-ID: c0\r\n"), std::string::npos);
}

TEST(LogStream, pauses_grow_and_stay_bounded) {
  std::deque<ScriptedServer::Pieces> script{{ScriptedServer::stream_head(), chunk(event(1))}};
  for (int i = 0; i < 12; ++i) script.push_back({ScriptedServer::answer("503 Service Unavailable", "")});
  script.push_back({gone()});
  ScriptedServer server(std::move(script));
  CommandBench bench;
  EXPECT_EQ(bench.run({"tail", "-a", "shop", "--url", server.url()}), 1);
  ASSERT_EQ(bench.pauses().size(), 13U);
  EXPECT_LE(bench.pauses().front().count(), 250);
  for (const auto pause : bench.pauses()) EXPECT_LE(pause.count(), 10'000);
  EXPECT_GE(bench.pauses().back().count(), 5'000);
  EXPECT_EQ(std::count(bench.err().begin(), bench.err().end(), '\n'), 2);
}

TEST(LogStream, gaps_are_told_on_the_error_output) {
  ScriptedServer server(
      {{ScriptedServer::stream_head(),
        chunk(event(1) + "event: gap\nid: c9\ndata: {\"lost\":8,\"reason\":\"slow reader\"}\n\n" + event(10)),
        ScriptedServer::last_chunk()}});
  CommandBench bench;
  EXPECT_EQ(bench.run({"logs", "-a", "shop", "--url", server.url()}), 0);
  EXPECT_EQ(bench.out(), printed(1) + printed(10));
  EXPECT_EQ(bench.err(), "-- gap: 8 lines lost (slow reader) --\n");
}

TEST(LogStream, a_tail_that_never_began_fails_at_once) {
  ScriptedServer server({{ScriptedServer::answer("503 Service Unavailable", "")}});
  CommandBench bench;
  EXPECT_EQ(bench.run({"tail", "-a", "shop", "--url", server.url()}), 1);
  EXPECT_TRUE(bench.pauses().empty());
}

TEST(LogStream, a_key_that_is_refused_ends_a_tail_with_3) {
  for (const char* status : {"401 Unauthorized", "403 Forbidden"}) {
    ScriptedServer server({{ScriptedServer::stream_head(), chunk(event(1))}, {ScriptedServer::answer(status, "")}});
    CommandBench bench;
    EXPECT_EQ(bench.run({"tail", "-a", "shop", "--url", server.url()}), 3);
  }
}

TEST(LogStream, an_error_event_ends_it) {
  ScriptedServer server(
      {{ScriptedServer::stream_head(), chunk("event: error\ndata: {\"error\":\"tails are forbidden\"}\n\n")}});
  CommandBench bench;
  EXPECT_EQ(bench.run({"tail", "-a", "shop", "--url", server.url()}), 1);
  EXPECT_NE(bench.err().find("tails are forbidden"), std::string::npos);
}

TEST(LogStream, a_closed_output_is_a_quiet_end) {
  ScriptedServer server({{ScriptedServer::stream_head(), chunk(event(1))}});
  int pipe_ends[2];
  ASSERT_EQ(::pipe(pipe_ends), 0);
  ::close(pipe_ends[0]);
  ::signal(SIGPIPE, SIG_IGN);
  CommandBench bench;
  DescriptorOutput closed(pipe_ends[1]);
  CommandWorld& w = bench.world();
  CommandWorld world{closed, w.err, w.clock, w.rng, w.sleep, w.environment, w.begin_stream, w.make_api};
  EXPECT_EQ(run_program(world, {"tail", "-a", "shop", "--url", server.url()}), 0);
  EXPECT_EQ(bench.err(), "");
  ::close(pipe_ends[1]);
}

TEST(LogStream, json_prints_objects_as_received) {
  ScriptedServer server({{ScriptedServer::stream_head(), chunk(event(1)), ScriptedServer::last_chunk()}});
  CommandBench bench;
  EXPECT_EQ(bench.run({"logs", "-a", "shop", "--json", "--url", server.url()}), 0);
  EXPECT_EQ(bench.out(), R"({"time":"2026-01-02T03:04:05Z","source":"app","process":"web.1","text":"line 1\n"})"
                         "\n");
}

TEST(LogStream, until_ends_a_tail_when_its_time_has_come) {
  ScriptedServer server({{ScriptedServer::stream_head(), chunk(event(1)), ScriptedServer::last_chunk()}});
  CommandBench bench;
  EXPECT_EQ(bench.run({"tail", "-a", "shop", "--until", "1m", "--url", server.url()}), 0) << bench.err();
}

TEST(LogStream, colour_follows_choice_environment_and_output) {
  CommandBench bench;
  CommandWorld& world = bench.world();
  EXPECT_FALSE(wants_colour("auto", world));
  EXPECT_TRUE(wants_colour("always", world));
  world.out_is_terminal = true;
  EXPECT_TRUE(wants_colour("auto", world));
  EXPECT_FALSE(wants_colour("never", world));
  bench.environment()["NO_COLOR"] = "1";
  EXPECT_FALSE(wants_colour("auto", world));
  EXPECT_TRUE(wants_colour("always", world));
}

}  // namespace
}  // namespace sluice::cli
