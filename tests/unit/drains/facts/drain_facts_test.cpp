#include "drains/facts/drain_facts.hpp"

#include <set>

#include <gtest/gtest.h>

namespace sluice::drains {
namespace {

TEST(DrainFacts, every_kind_says_what_others_ask) {
  std::set<std::string_view> names;
  std::set<std::string_view> schemes;
  for (const DrainFacts* facts : drain_facts()) {
    EXPECT_TRUE(names.insert(facts->name).second) << facts->name;
    EXPECT_FALSE(facts->formats.empty()) << facts->name;
    ASSERT_NE(facts->hosts, nullptr) << facts->name;
    ASSERT_FALSE(facts->schemes.empty()) << facts->name;
    for (const DrainScheme& scheme : facts->schemes) {
      EXPECT_TRUE(schemes.insert(scheme.name).second) << scheme.name;
      EXPECT_NE(scheme.port, 0) << scheme.name;
      const std::string url = std::string(scheme.name) + "://host.example:7/x";
      EXPECT_EQ(find_drain_facts(url), facts);
      EXPECT_EQ(find_drain_scheme(url), &scheme);
      const auto hosts = facts->hosts(url);
      ASSERT_TRUE(hosts.has_value()) << hosts.error().text();
      ASSERT_EQ(hosts->size(), 1u);
      EXPECT_EQ(hosts->front().host, "host.example");
      EXPECT_EQ(hosts->front().port, 7);
    }
  }
}

TEST(DrainFacts, schemes_are_found_in_any_case_and_whole) {
  EXPECT_EQ(find_drain_facts("HTTPS://h")->name, "http");
  EXPECT_EQ(find_drain_scheme("Syslog+TLS://h")->port, 6514);
  for (const char* other : {"", "https", "http+tls://h", "htt://h", "httpss://h", "://h", "ftp://h"})
    EXPECT_EQ(find_drain_scheme(other), nullptr) << other;
}

TEST(DrainFacts, ports_that_a_url_does_not_name) {
  const auto port = [](const char* url) { return find_drain_facts(url)->hosts(url).value().back().port; };
  EXPECT_EQ(port("http://h"), 80);
  EXPECT_EQ(port("https://h/p"), 443);
  EXPECT_EQ(port("syslog://h"), 601);
  EXPECT_EQ(port("syslog+tls://h"), 6514);
  EXPECT_EQ(port("kafka://a:1,b/t"), 9092);
  EXPECT_EQ(port("kafka+tls://a:1,b/t"), 9093);
}

TEST(DrainFacts, lists_for_people) {
  EXPECT_EQ(list_drain_schemes("://"), "http://, https://, syslog://, syslog+tls://, kafka:// or kafka+tls://");
  EXPECT_EQ(list_drain_schemes("", [](const DrainFacts& facts, const DrainScheme&) { return facts.can_sign; }),
            "http or https");
  EXPECT_EQ(who_takes_insecure(), "only syslog+tls:// and kafka+tls:// take #insecure");
}

}  // namespace
}  // namespace sluice::drains
