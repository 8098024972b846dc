#include "logplex/cli/requests.hpp"

#include <gtest/gtest.h>
#include <re2/re2.h>

#include "logplex/cli/grep_filter.hpp"
#include "logplex/cli/key_file.hpp"
#include "logplex/cli/view/table.hpp"

namespace sluice::cli {
namespace {

constexpr WallTime kNow = std::chrono::sys_days{std::chrono::year{2026} / 1 / 2} + std::chrono::hours(3);

Arguments parsed(const std::vector<std::string>& words) {
  const auto result = parse_arguments(words);
  EXPECT_TRUE(result.run) << result.error;
  return result.arguments;
}

TEST(Requests, create_app_names_backends) {
  const auto request = create_app_request(
      parsed({"apps", "create", "my app", "-d", "a.example", "-b", "h:1", "-b", "web.1=h:2", "-b", "[::1]:3"}));
  ASSERT_TRUE(request.has_value());
  EXPECT_EQ(request->method, "PUT");
  EXPECT_EQ(request->target, "/v3/apps/my%20app");
  EXPECT_EQ(request->body, R"({"domains":["a.example"],"backends":[{"name":"web.2","address":"h:1"},)"
                           R"({"name":"web.1","address":"h:2"},{"name":"web.3","address":"[::1]:3"}]})");
}

TEST(Requests, a_backend_that_is_no_address_is_named) {
  for (const char* text : {"h", "h:", ":80", "h:0", "h:65536", "=h:80", "h:x", "web.1=", "h:999999"}) {
    const auto backend = parse_backend(text);
    ASSERT_TRUE(backend.has_error()) << text;
    EXPECT_NE(backend.error().text().find(text), std::string::npos);
  }
  EXPECT_TRUE(create_app_request(parsed({"apps", "create", "x", "-b", "a=h:1", "-b", "a=h:2"})).has_error());
}

TEST(Requests, drains_of_a_channel_and_global_ones) {
  EXPECT_EQ(drains_path(parsed({"drains", "list", "-a", "shop"})), "/v3/channels/shop/drains");
  EXPECT_EQ(drains_path(parsed({"drains", "show", "d.1", "--global"}), "d.1"), "/v3/drains/d.1");
  EXPECT_EQ(drains_path(parsed({"drains", "test", "7", "-a", "a/b"}), "7", "test"), "/v3/channels/a%2Fb/drains/7/test");
}

TEST(Requests, add_drain_says_only_what_was_given) {
  const auto plain = add_drain_request(parsed({"drains", "add", "https://h/x", "-a", "shop"}), {});
  EXPECT_EQ(plain->body, R"({"url":"https://h/x"})");
  const auto full =
      add_drain_request(parsed({"drains", "add", "https://h/x", "-a", "shop", "--durable", "--format", "ndjson",
                                "--filter", "source=app", "--header", "X-Key: a:b", "--header", "Y:"}),
                        {"CA", "", ""});
  EXPECT_EQ(full->body, R"({"url":"https://h/x","format":"ndjson","durable":true,"filter":"source=app",)"
                        R"("headers":{"X-Key":"a:b","Y":""},"ca":"CA"})");
  EXPECT_TRUE(
      add_drain_request(parsed({"drains", "add", "https://h", "-a", "s", "--header", "nonsense"}), {}).has_error());
}

TEST(Requests, logs_ask_for_events_of_objects) {
  const auto request = logs_request(parsed({"logs", "-a", "shop", "-n", "5", "-t", "-s", "app", "-p", "web", "--filter",
                                            "-path~^/x", "--level", "ERROR", "--grep", "a b", "--since", "10m"}),
                                    kNow);
  ASSERT_TRUE(request.has_value());
  EXPECT_EQ(request->accept, "text/event-stream");
  EXPECT_EQ(
      request->target,
      "/v3/channels/shop/logs?num=5&tail=1&source=app&ps=web&filter=-path~%5E%2Fx%20level%3C%3Derr%20text~a%5Cx20b"
      "&since=2026-01-02T02%3A50%3A00.000000%2B00%3A00&format=json");
}

TEST(Requests, a_number_of_lines_is_asked_for_unless_since_says_where_to_begin) {
  EXPECT_NE(logs_request(parsed({"logs", "-a", "s"}), kNow)->target.find("num=100"), std::string::npos);
  EXPECT_NE(logs_request(parsed({"logs", "-a", "s", "-n", "0"}), kNow)->target.find("num=0"), std::string::npos);
  EXPECT_EQ(logs_request(parsed({"logs", "-a", "s", "--since", "1h"}), kNow)->target.find("num="), std::string::npos);
}

TEST(Requests, replay_and_keys_check_their_arguments) {
  EXPECT_EQ(replay_request(parsed({"drains", "replay", "7", "-a", "s", "--since", "1h"}), "7", kNow)->body,
            R"({"since":"2026-01-02T02:00:00.000000+00:00"})");
  EXPECT_TRUE(replay_request(parsed({"drains", "replay", "7", "-a", "s", "--since", "x"}), "7", kNow).has_error());
  EXPECT_EQ(create_key_request(
                parsed({"keys", "create", "k", "--scope", "logs:read", "--channel", "c", "--expires-in", "30d"}))
                ->body,
            R"({"name":"k","scopes":["logs:read"],"channels":["c"],"expires_in":"30d"})");
  EXPECT_TRUE(create_key_request(parsed({"keys", "create", "k"})).has_error());
}

TEST(GrepTerm, means_the_same_without_blanks_and_quotes) {
  for (const char* expression : {"a b", "a\\ b", "[ x]y", "\\Qa b.\\E+", "say \"hi\"", "a\\\\ b", "\\d+ ms", "\t"}) {
    const auto term = grep_term(expression);
    ASSERT_TRUE(term.has_value()) << expression;
    EXPECT_EQ(term->find_first_of(" \t\""), std::string::npos);
    const re2::RE2 before{expression};
    const re2::RE2 after{term->substr(5)};
    for (const char* text :
         {"a b", "xa  b", " y", "xy", "a b.", "a b..", "say \"hi\"", "a\\ b", "12 ms", "\t", "a\\\\ b"}) {
      EXPECT_EQ(re2::RE2::PartialMatch(text, before), re2::RE2::PartialMatch(text, after))
          << expression << " on " << text;
    }
  }
  EXPECT_TRUE(grep_term("(").has_error());
}

TEST(Endpoints, are_read_and_written) {
  EXPECT_EQ(parse_endpoint("http://127.0.0.1:8001/")->str(), "http://127.0.0.1:8001");
  EXPECT_EQ(parse_endpoint("https://logs.example.com/api/")->str(), "https://logs.example.com:443/api");
  EXPECT_EQ(parse_endpoint("http://[::1]:80")->str(), "http://[::1]:80");
  for (const char* url : {"", "localhost:8001", "ftp://x", "http://", "http://u:p@h", "http://h:99999"}) {
    EXPECT_TRUE(parse_endpoint(url).has_error()) << url;
  }
}

TEST(Tables, columns_align_by_character) {
  Table table({"NAME", "N"});
  table.add({"grün", "1"});
  table.add({"a\x1b[2J", "22"});
  EXPECT_EQ(table.str(), "NAME    N\ngrün    1\na^[[2J  22\n");
}

TEST(Tables, units_are_short) {
  EXPECT_EQ(short_count(999), "999");
  EXPECT_EQ(short_count(12'345), "12.3k");
  EXPECT_EQ(short_count(999'999), "1.00M");
  EXPECT_EQ(short_bytes(1023), "1023 B");
  EXPECT_EQ(short_bytes(65'536), "64.0 KiB");
  EXPECT_EQ(grouped(1'234'567), "1,234,567");
  EXPECT_EQ(grouped(123), "123");
}

}  // namespace
}  // namespace sluice::cli
