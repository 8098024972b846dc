#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "logplex/wire/json_fields.hpp"
#include "logplex/wire/logfmt.hpp"

namespace sluice {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

Pairs pairs(std::string_view text) {
  Pairs found;
  LogfmtScanner scanner(text);
  while (scanner.next()) found.emplace_back(scanner.key(), scanner.value());
  return found;
}

TEST(Logfmt, walks_pairs_and_passes_over_words) {
  EXPECT_EQ(pairs("at=info method=GET status=200\n"), (Pairs{{"at", "info"}, {"method", "GET"}, {"status", "200"}}));
  EXPECT_EQ(pairs("Started a=1 and b=2 done"), (Pairs{{"a", "1"}, {"b", "2"}}));
  EXPECT_EQ(pairs(""), Pairs{});
  EXPECT_EQ(pairs("   \t\n"), Pairs{});
  EXPECT_EQ(pairs("no pairs here"), Pairs{});
}

TEST(Logfmt, quoted_values_hold_blanks_and_quotes) {
  EXPECT_EQ(pairs("path=\"/a b?x=1\" status=200"), (Pairs{{"path", "/a b?x=1"}, {"status", "200"}}));
  EXPECT_EQ(pairs("a=\"x\\\"y=1\" b=2"), (Pairs{{"a", "x\\\"y=1"}, {"b", "2"}}));
  EXPECT_EQ(pairs("a=\"\" b="), (Pairs{{"a", ""}, {"b", ""}}));
}

TEST(Logfmt, odd_input_ends) {
  EXPECT_EQ(pairs("a=\"open"), (Pairs{{"a", "open"}}));
  EXPECT_EQ(pairs("a=\"x\\"), (Pairs{{"a", "x\\"}}));
  EXPECT_EQ(pairs("=x a=1"), (Pairs{{"a", "1"}}));
  EXPECT_EQ(pairs("a==b"), (Pairs{{"a", "=b"}}));
  EXPECT_EQ(pairs("a=\"x\"b=2"), (Pairs{{"a", "x"}, {"b", "2"}}));
}

TEST(Logfmt, first_of_a_key_is_found) {
  EXPECT_EQ(find_logfmt("path=\"status=1\" status=2 status=3", "status"), "2");
  EXPECT_EQ(find_logfmt("mystatus=1", "status"), std::nullopt);
}

TEST(JsonMember, is_found_at_the_top_level) {
  const std::string text = R"( {"a": {"status": 1}, "b":[{"status":2}, "]}"], "status" : 503, "s":"x y", "t":true} )";
  EXPECT_EQ(find_json_member(text, "status"), "503");
  EXPECT_EQ(find_json_member(text, "s"), "x y");
  EXPECT_EQ(find_json_member(text, "t"), "true");
  EXPECT_EQ(find_json_member(text, "a"), R"({"status": 1})");
  EXPECT_EQ(find_json_member(text, "b"), R"([{"status":2}, "]}"])");
  EXPECT_EQ(find_json_member(text, "none"), std::nullopt);
}

TEST(JsonMember, broken_texts_have_none) {
  for (const char* text : {"", "{", "{}", "[1]", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":}", "{a:1}", "{\"a\":[1",
                           "{\"a\":\"x", "{\"a\":{\"b\":\"}\"", "{\"x\":1 \"a\":2}"})
    EXPECT_EQ(find_json_member(text, "a"), std::nullopt) << text;
}

TEST(Unescaped, gives_what_is_meant) {
  std::string storage;
  EXPECT_EQ(unescaped("plain", storage), "plain");
  EXPECT_EQ(unescaped(R"(a\"b\\c\/d\n\t)", storage), "a\"b\\c/d\n\t");
  EXPECT_EQ(unescaped(R"(\u0041\u00e4\u20ac)", storage), "A\xc3\xa4\xe2\x82\xac");
  EXPECT_EQ(unescaped(R"(\ud83d)", storage), "\xef\xbf\xbd");
  EXPECT_EQ(unescaped(R"(\u12)", storage), "u12");
  EXPECT_EQ(unescaped(R"(\uzzzz)", storage), "uzzzz");
  EXPECT_EQ(unescaped("end\\", storage), "end\\");
}

}  // namespace
}  // namespace sluice
