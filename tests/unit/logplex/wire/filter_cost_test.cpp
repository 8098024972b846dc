// What filters cost, in counted work: no choice of filter and line makes a line dear.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "logplex/base/rng.hpp"
#include "logplex/wire/filter.hpp"
#include "logplex/wire/filter_cache.hpp"

namespace sluice {
namespace {

constexpr std::size_t kLongest = 60 << 10;
/// Milliseconds of work for one line that is as long as lines get, whatever the filter.
constexpr std::uint64_t kMostPerLine = 15'000'000;

LineView line_of(std::string_view text) {
  LineView line;
  line.time = "2026";
  line.source = "app";
  line.process = "web.1";
  line.text = text;
  return line;
}

std::string repeated(std::string_view piece, std::size_t size) {
  std::string text;
  while (text.size() < size) text += piece;
  return text;
}

/// Texts that bring out many states of an expression: letters at random of small and large alphabets.
std::vector<std::string> hostile_texts() {
  SystemRng rng;
  std::vector<std::string> texts = {repeated("a", kLongest), repeated("a=1 ", kLongest), repeated("é", kLongest)};
  for (const unsigned letters : {2U, 3U, 10U, 94U}) {
    std::string& text = texts.emplace_back();
    while (text.size() < kLongest) text += static_cast<char>((letters < 27 ? 'a' : '!') + rng.below(letters));
  }
  return texts;
}

result<Filter, Error> repeated_term(std::string_view term, int times) {
  std::string text;
  for (int i = 0; i < times; ++i) text.append(term).append(" ");
  return Filter::parse(text);
}

std::string words(int count) {
  std::string text;
  for (int i = 0; i < count; ++i)
    text += (i == 0 ? "" : "|") + std::string(1, static_cast<char>('a' + i % 26)) + "word";
  return text;
}

TEST(FilterCost, what_is_too_dear_is_refused_as_that) {
  for (const std::string term :
       {"text~[!-~]{0,1000}", "text~\\pL{1,500}", "text~((a{0,10}){0,10}){0,10}", "text~(.{100}){9}x", "text~\\pL+",
        "field~[^a]{900}", "source~(?i)[a-z]{500}é", "text~(((a{1,10}){1,10}){1,10}b)?"}) {
    const auto parsed = Filter::parse(term);
    ASSERT_FALSE(parsed) << term;
    EXPECT_EQ(parsed.error().code, WireError::kDearFilter) << term << ": " << parsed.error().text();
    EXPECT_NE(parsed.error().text().find(term), std::string::npos) << parsed.error().text();
  }
  EXPECT_EQ(Filter::parse("text~" + words(300)).error().code, WireError::kDearFilter);
  EXPECT_EQ(Filter::parse("text~a{2000}").error().code, WireError::kBadFilter) << "RE2 knows no such repetition";
  EXPECT_EQ(Filter::parse("text~(").error().code, WireError::kBadFilter);
}

TEST(FilterCost, the_whole_filter_has_a_limit_too) {
  EXPECT_TRUE(repeated_term("text~[a-z]{40}x", 20));
  const auto parsed = repeated_term("text~[a-z]{200}x", 8);
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().code, WireError::kDearFilter);
}

TEST(FilterCost, usual_expressions_are_not_dear) {
  for (const std::string term :
       {"text~timeout", "text~\"(?i)connection reset by peer\"", "text~status=5\\d\\d", "text~^\\[worker-\\d+\\]",
        "text~[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "text~(?:\\d{1,3}\\.){3}\\d{1,3}",
        "path~^/api/v[12]/(users|orders)/[^/]+$", "proc~^(web|worker)\\.\\d+$", "text~\\w+@\\w+\\.com", "text~.*"}) {
    EXPECT_TRUE(Filter::parse(term)) << term;
  }
  EXPECT_TRUE(Filter::parse("text~" + words(60)));
}

TEST(FilterCost, no_line_is_dear_whatever_the_filter) {
  const auto texts = hostile_texts();
  for (const std::string term :
       {"text~[ab]*a[ab]{12}x", "text~[ab]{0,50}a[ab]{50}c", "text~(.*a){20}", "text~[ab]*a[ab]{100}c",
        "text~(a?){50}a{50}", "text~(.*)(.*)(.*)(.*)(.*)z", "text~a.{12}b$", "text~[!-~]{0,100}x$", "text~(x+x+)+y",
        "text~(a|aa)+$", "text~(?i)(abc|bca|cab){1,15}z", "a~.*.*.*1$", "a=1", "status>=500"}) {
    for (const int times : {1, 2, 32}) {
      const auto parsed = repeated_term(term, times);
      if (!parsed) continue;
      for (const std::string& text : texts) {
        for (int again = 0; again < 3; ++again) {
          Filter::Tally tally;
          const bool matches = parsed->matches(line_of(text), tally);
          EXPECT_LE(tally.work, kMostPerLine) << term << " x" << times;
          EXPECT_FALSE(matches && tally.gave_up != 0) << term;
        }
      }
    }
  }
}

TEST(FilterCost, an_expression_that_gives_up_does_not_match_and_is_counted) {
  const Filter filter = Filter::parse("text~[ab]*a[ab]{100}c").value();
  const Filter negated = Filter::parse("-text~[ab]*a[ab]{100}c").value();
  SystemRng rng;
  std::string text;
  while (text.size() < kLongest) text += static_cast<char>('a' + rng.below(2));
  Filter::Tally tally;
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(filter.matches(line_of(text), tally));
    EXPECT_FALSE(negated.matches(line_of(text), tally));
  }
  EXPECT_GT(tally.gave_up, 0U);
}

TEST(FilterCost, terms_over_fields_share_one_walk) {
  const std::string text = repeated("a=1 ", kLongest);
  Filter::Tally one;
  EXPECT_FALSE(Filter::parse("zz=1").value().matches(line_of(text), one));
  std::string terms;
  for (int i = 0; i < 32; ++i) terms += "-z" + std::to_string(i) + "=1 ";
  Filter::Tally many;
  EXPECT_TRUE(Filter::parse(terms).value().matches(line_of(text), many));
  EXPECT_LT(many.work, one.work + one.work / 10);
}

TEST(FilterCost, fields_of_json_share_one_walk) {
  std::string text = "{\"a\":1";
  while (text.size() < kLongest) text += ",\"b\":2";
  text += ",\"end\":3}";
  Filter::Tally one;
  EXPECT_TRUE(Filter::parse("end=3").value().matches(line_of(text), one));
  Filter::Tally many;
  EXPECT_TRUE(Filter::parse("end=3 a=1 b=2 end>2 end<4 -none=1").value().matches(line_of(text), many));
  EXPECT_LT(many.work, one.work + one.work / 10);
}

TEST(FilterCost, terms_that_cost_little_are_looked_at_first) {
  Filter::Tally tally;
  EXPECT_FALSE(
      Filter::parse("text~(.*)(.*)z a=2 source=other").value().matches(line_of(repeated("b", kLongest)), tally));
  EXPECT_LT(tally.work, 1000U);
  EXPECT_EQ(Filter::parse("text~(.*)(.*)z a=2 source=other").value().str(), "text~(.*)(.*)z a=2 source=other");
}

TEST(FilterCost, the_first_of_two_fields_counts) {
  EXPECT_TRUE(Filter::parse("a=1").value().matches(line_of("a=1 a=2")));
  EXPECT_FALSE(Filter::parse("a=2").value().matches(line_of("a=1 a=2")));
  EXPECT_TRUE(Filter::parse("a=1 b=3").value().matches(line_of("{\"a\":1,\"a\":2,\"b\":3}")));
  EXPECT_TRUE(Filter::parse("a>0 a<2 a~1").value().matches(line_of("b=2 a=1 a=7")));
}

TEST(FilterCache, one_text_is_compiled_once) {
  const Filter first = Filter::parse("text~some[0-9]+expression").value();
  const Filter second = Filter::parse("text~some[0-9]+expression").value();
  EXPECT_TRUE(first.is_same_as(second));
  EXPECT_TRUE(first.is_same_as(Filter::parse(first.str()).value()));
}

TEST(FilterCache, is_bounded_and_forgets_what_was_not_used_longest) {
  FilterCache cache;
  const Filter filter = Filter::parse("a=1").value();
  for (std::size_t i = 0; i < 2 * FilterCache::kMostFilters; ++i) {
    cache.add("filter " + std::to_string(i), filter);
    EXPECT_NE(cache.find("filter 0"), nullptr);
  }
  EXPECT_EQ(cache.size(), FilterCache::kMostFilters);
  EXPECT_EQ(cache.find("filter 1"), nullptr);
  const Filter large = Filter::parse("text~[a-z]{200}").value();
  for (std::size_t i = 0; i < FilterCache::kMostFilters; ++i) cache.add("large " + std::to_string(i), large);
  EXPECT_LE(cache.bytes(), FilterCache::kMostBytes);
}

}  // namespace
}  // namespace sluice
