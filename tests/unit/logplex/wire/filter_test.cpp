#include "logplex/wire/filter.hpp"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "logplex/base/rng.hpp"
#include "logplex/wire/notice.hpp"

namespace sluice {
namespace {

using testing::HasSubstr;

Filter filter(std::string_view text) {
  auto parsed = Filter::parse(text);
  EXPECT_TRUE(parsed) << text << ": " << (parsed ? "" : parsed.error().text());
  return parsed ? *parsed : Filter();
}

std::string refusal(std::string_view text) {
  const auto parsed = Filter::parse(text);
  EXPECT_FALSE(parsed) << text;
  if (parsed) return {};
  EXPECT_EQ(parsed.error().code, WireError::kBadFilter);
  return parsed.error().text();
}

LineView line_of(std::string_view text) {
  LineView line;
  line.pri = 158;  // info
  line.time = "2026";
  line.host = "host";
  line.source = "heroku";
  line.process = "router";
  line.msgid = "-";
  line.text = text;
  return line;
}

/// Both kinds of line must agree.
bool passes(std::string_view text, const LineView& line) {
  const Filter parsed = filter(text);
  const bool result = parsed.matches(line);
  EXPECT_EQ(parsed.matches(OwnedRecord(line).view()), result) << text;
  return result;
}

bool passes(std::string_view text, std::string_view line_text) { return passes(text, line_of(line_text)); }

TEST(Filter, empty_lets_everything_pass) {
  EXPECT_TRUE(Filter().matches(line_of("x")));
  EXPECT_TRUE(filter("").empty());
  EXPECT_TRUE(filter("   ").empty());
  EXPECT_EQ(filter("  ").str(), "");
}

TEST(Filter, source_is_exact) {
  EXPECT_TRUE(passes("source=heroku", "x"));
  EXPECT_FALSE(passes("source=hero", "x"));
  EXPECT_TRUE(passes("source~^hero", "x"));
}

TEST(Filter, proc_matches_its_numbered_ones) {
  LineView line = line_of("x");
  line.process = "web.1";
  EXPECT_TRUE(passes("proc=web", line));
  EXPECT_TRUE(passes("proc=web.1", line));
  EXPECT_FALSE(passes("proc=we", line));
  EXPECT_FALSE(passes("proc=web.", line));
  EXPECT_FALSE(passes("proc=web.11", line));
  line.process = "webx";
  EXPECT_FALSE(passes("proc=web", line));
}

TEST(Filter, level_at_most_means_at_least_as_severe) {
  for (int severity = 0; severity < 8; ++severity) {
    LineView line = line_of("x");
    line.pri = static_cast<std::uint8_t>(8 * 20 + severity);
    EXPECT_EQ(passes("level<=warning", line), severity <= 4);
    EXPECT_EQ(passes("level<warn", line), severity < 4);
    EXPECT_EQ(passes("level=err", line), severity == 3);
    EXPECT_EQ(passes("level>=5", line), severity >= 5);
    EXPECT_EQ(passes("level>notice", line), severity > 5);
    EXPECT_EQ(passes("-level<=error", line), severity > 3);
  }
}

TEST(Filter, text_by_regular_expression) {
  EXPECT_TRUE(passes("text~time.?out", "a timeout happened\n"));
  EXPECT_FALSE(passes("text~^timeout", "a timeout happened"));
  EXPECT_TRUE(passes("text~happened$", "a timeout happened\n"));
  EXPECT_TRUE(passes("text~\"a b\"", "x a b y"));
  EXPECT_TRUE(passes(R"(text~\d{3})", "code 503"));
  EXPECT_TRUE(passes("text=x", "x\n"));
}

TEST(Filter, fields_from_logfmt) {
  const std::string text = "at=info method=GET path=\"/a b\" status=503 service=18ms connect=1s load=0.5 odd=";
  EXPECT_TRUE(passes("status>=500", text));
  EXPECT_TRUE(passes("status=503", text));
  EXPECT_FALSE(passes("status<500", text));
  EXPECT_TRUE(passes("-status<500", text));
  EXPECT_FALSE(passes("missing>=0", text));
  EXPECT_TRUE(passes("-missing>=0", text));
  EXPECT_TRUE(passes("path~^/a", text));
  EXPECT_TRUE(passes("path=\"/a b\"", text));
  EXPECT_TRUE(passes("load>0.4", text));
  EXPECT_FALSE(passes("method>1", text));
  EXPECT_FALSE(passes("odd>=0", text));
}

TEST(Filter, units_of_time_compare) {
  const std::string text = "service=1500ms connect=20us total=2s";
  EXPECT_TRUE(passes("service>=1s", text));
  EXPECT_FALSE(passes("service>2s", text));
  EXPECT_TRUE(passes("service>=1500", text));
  EXPECT_TRUE(passes("connect<1ms", text));
  EXPECT_TRUE(passes("total<=2000ms", text));
}

TEST(Filter, fields_from_json) {
  const std::string text = R"({"status": 503, "msg": "say \"hi\"", "nested": {"status": 1}})";
  EXPECT_TRUE(passes("status>=500", text));
  EXPECT_TRUE(passes(R"(msg="say \"hi\"")", text));
  EXPECT_FALSE(passes("nested=1", text));
}

TEST(Filter, terms_are_anded) {
  const std::string text = "status=503 method=GET";
  EXPECT_TRUE(passes("source=heroku  proc=router status>=500 -method=POST", text));
  EXPECT_FALSE(passes("source=heroku proc=router status>=500 -method=GET", text));
}

TEST(Filter, errors_name_the_term) {
  EXPECT_THAT(refusal("source=app bogus"), HasSubstr("'bogus'"));
  EXPECT_THAT(refusal("level<=loud"), HasSubstr("'level<=loud'"));
  EXPECT_THAT(refusal("level~err"), HasSubstr("'level~err'"));
  EXPECT_THAT(refusal("text~("), HasSubstr("'text~('"));
  EXPECT_THAT(refusal("status>=abc"), HasSubstr("number"));
  EXPECT_THAT(refusal("status>=nan"), HasSubstr("number"));
  EXPECT_THAT(refusal("source>=1"), HasSubstr("source"));
  EXPECT_THAT(refusal("source="), HasSubstr("missing"));
  EXPECT_THAT(refusal("text~\"open"), HasSubstr("quotes"));
  for (const char* text : {"=x", "-", "--", "~", "a\"b=1", "a=b\"c", "status!=200", "text~\"a\"b"}) refusal(text);
}

TEST(Filter, is_bounded) {
  std::string many;
  for (std::size_t i = 0; i <= Filter::kMaxTerms; ++i) many += "a=1 ";
  EXPECT_THAT(refusal(many), HasSubstr("terms"));
  EXPECT_THAT(refusal("a=" + std::string(Filter::kMaxSize, 'x')), HasSubstr("longer"));
  EXPECT_THAT(refusal("text~((a{100}){100}){100}"), HasSubstr("regular expression"));
}

TEST(Filter, hostile_expression_is_linear) { EXPECT_FALSE(passes("text~(a*)*(a*)*(a*)*b$", std::string(10000, 'a'))); }

TEST(Filter, canonical_text_reads_back) {
  for (const char* text : {"source=app proc=web level<=warning text~regex status>=500 -term=x", "text~\"a b\"",
                           R"(text~\d+)", R"(text~"a \" \\ b")", "-text~x"})
    EXPECT_EQ(filter(text).str(), text);
  EXPECT_EQ(filter("  a=1   -b~\"c\" ").str(), "a=1 -b~c");
}

TEST(Filter, canonical_text_is_stable_for_random_input) {
  SeededRng rng(21);
  constexpr std::string_view kAlphabet = "ab =~<>-\"\\.1source";
  for (int i = 0; i < 20000; ++i) {
    std::string text(rng.next() % 30, '\0');
    for (char& c : text) c = kAlphabet[rng.next() % kAlphabet.size()];
    const auto once = Filter::parse(text);
    if (!once) continue;
    const auto twice = Filter::parse(once->str());
    ASSERT_TRUE(twice) << text << " -> " << once->str();
    EXPECT_EQ(twice->str(), once->str()) << text;
  }
}

}  // namespace
}  // namespace sluice
