#include "logplex/net/dial/name_cache.hpp"

#include <gtest/gtest.h>

namespace sluice {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

NameAnswer address(const char* text, seconds ttl) {
  NameAnswer answer;
  answer.kind = NameAnswer::Kind::kAddresses;
  answer.addresses = {asio::ip::make_address(text)};
  answer.ttl = ttl;
  return answer;
}

NameAnswer failed(NameAnswer::Kind kind) {
  NameAnswer answer;
  answer.kind = kind;
  return answer;
}
NameAnswer silence() { return failed(NameAnswer::Kind::kUnanswered); }
NameAnswer not_found() { return failed(NameAnswer::Kind::kNotFound); }

class NameCacheTest : public ::testing::Test {
 protected:
  bool fresh(Duration after) { return cache.find("a", start + after).answer != nullptr; }
  bool stale(Duration after) { return cache.find("a", start + after).stale != nullptr; }

  const SteadyTime start{std::chrono::hours(100)};
  NameCache cache;
};

TEST_F(NameCacheTest, addresses_last_as_long_as_their_ttl) {
  EXPECT_FALSE(fresh(seconds(0)));
  cache.put("a", "x", address("1.1.1.1", seconds(10)), start);
  EXPECT_TRUE(fresh(milliseconds(9999)));
  EXPECT_FALSE(fresh(seconds(10)));
  EXPECT_TRUE(stale(seconds(10)));
  EXPECT_TRUE(stale(std::chrono::hours(23)));
  EXPECT_FALSE(stale(std::chrono::hours(24)));
}

TEST_F(NameCacheTest, a_ttl_of_zero_lasts_a_second_and_a_huge_one_five_minutes) {
  cache.put("a", "x", address("1.1.1.1", seconds(0)), start);
  EXPECT_TRUE(fresh(milliseconds(999)));
  EXPECT_FALSE(fresh(seconds(1)));
  cache.put("a", "x", address("1.1.1.1", seconds(0x7fffffff)), start);
  EXPECT_TRUE(fresh(seconds(299)));
  EXPECT_FALSE(fresh(seconds(300)));
}

TEST_F(NameCacheTest, silence_is_remembered_longer_each_time_and_old_addresses_are_served) {
  cache.put("a", "x", silence(), start);
  EXPECT_TRUE(fresh(milliseconds(1999)));
  EXPECT_FALSE(fresh(seconds(2)));
  EXPECT_TRUE(cache.find("a", start).silent);
  cache.put("a", "x", silence(), start);
  EXPECT_TRUE(fresh(milliseconds(3999)));
  EXPECT_FALSE(fresh(seconds(4)));
  for (int i = 0; i < 40; ++i) cache.put("a", "x", silence(), start);
  EXPECT_TRUE(fresh(milliseconds(29999)));
  EXPECT_FALSE(fresh(seconds(30)));

  cache.put("a", "x", address("1.1.1.1", seconds(1)), start);
  cache.put("a", "x", silence(), start + seconds(5));
  const auto known = cache.find("a", start + seconds(6));
  ASSERT_NE(known.answer, nullptr);
  EXPECT_TRUE(known.served_stale);
  EXPECT_EQ(known.answer->addresses.front().to_string(), "1.1.1.1");
}

TEST_F(NameCacheTest, a_name_that_is_gone_takes_its_addresses_with_it) {
  cache.put("a", "x", address("1.1.1.1", seconds(10)), start);
  cache.put("a", "x", not_found(), start);
  const auto known = cache.find("a", start + seconds(4));
  ASSERT_NE(known.answer, nullptr);
  EXPECT_EQ(known.answer->kind, NameAnswer::Kind::kNotFound);
  EXPECT_FALSE(fresh(seconds(5)));
  EXPECT_FALSE(stale(seconds(5)));
}

TEST_F(NameCacheTest, who_asks_anew_gets_no_addresses_older_than_a_second) {
  cache.put("a", "x", address("1.1.1.1", seconds(100)), start);
  EXPECT_NE(cache.find("a", start + milliseconds(999), true).answer, nullptr);
  const auto known = cache.find("a", start + seconds(1), true);
  EXPECT_EQ(known.answer, nullptr);
  EXPECT_NE(known.stale, nullptr);
}

TEST(NameCacheBounds, an_owner_forgets_its_own_names_and_the_oldest_name_of_all_goes) {
  NameCache::Limits limits;
  limits.names = 5;
  limits.names_per_owner = 2;
  NameCache cache(limits);
  const SteadyTime now{std::chrono::hours(1)};
  const auto known = [&](const char* name) { return cache.find(name, now).answer != nullptr; };
  cache.put("victim", "v", address("1.1.1.1", seconds(60)), now);
  for (const char* name : {"a", "b", "c"}) cache.put(name, "attacker", address("1.1.1.1", seconds(60)), now);
  EXPECT_EQ(cache.size(), 3u);
  EXPECT_FALSE(known("a"));
  EXPECT_TRUE(known("victim"));
  for (const char* name : {"o1", "o2", "o3", "o4"}) cache.put(name, "", address("1.1.1.1", seconds(60)), now);
  EXPECT_EQ(cache.size(), 5u);
  EXPECT_TRUE(known("victim"));
  EXPECT_FALSE(known("b"));
}

}  // namespace
}  // namespace sluice
