#include "logplex/api/frame/key_shares.hpp"

#include <vector>

#include <gtest/gtest.h>

#include "logplex/base/metrics.hpp"

namespace sluice::api {
namespace {

using Places = std::vector<KeyShares::CertificatePlaces>;

Principal key(const std::string& id) {
  Principal who;
  who.id = id;
  who.sharer = id;
  return who;
}

/// The status that the caller would be answered; 0 when it holds one more.
unsigned take(KeyShares& shares, Places& held, const std::string& id, const std::string& channel) {
  auto places = shares.take_certificates(key(id), channel);
  if (places.has_error()) return places.error().status;
  held.push_back(std::move(*places));
  return 0;
}

TEST(KeyShares, certificates_of_one_key_or_channel_leave_places_for_others) {
  KeyShares shares({});
  Places held;
  for (std::uint64_t i = 0; i < KeyShares::kCertificatesAtOnce; ++i) EXPECT_EQ(take(shares, held, "a", "one"), 0u);
  EXPECT_EQ(take(shares, held, "a", "two"), 429u);
  EXPECT_EQ(take(shares, held, "b", "one"), 429u);
  EXPECT_EQ(take(shares, held, "b", "two"), 0u);
  for (int i = 0; i < 300; ++i) EXPECT_EQ(take(shares, held, "", "one"), 0u) << "the node's own key";
  held.clear();
  EXPECT_EQ(take(shares, held, "a", "one"), 0u);
}

TEST(KeyShares, keys_that_a_limited_key_made_add_nothing_to_its_share) {
  KeyShares shares({.connections_per_key = 4});
  auto made = key("made");
  made.sharer = "a";
  std::vector<KeyShares::Held> held;
  const auto take_one = [&](const Principal& who) {
    auto one = shares.take_call(who);
    if (one) held.push_back(std::move(*one));
    return one.has_value();
  };
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(take_one(made));
  EXPECT_FALSE(take_one(made)) << "the last quarter is for who made it";
  EXPECT_TRUE(take_one(key("a")));
  EXPECT_FALSE(take_one(key("a")));
  EXPECT_TRUE(take_one(key("b")));
  held.clear();
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(take_one(key("a")));
  EXPECT_FALSE(take_one(made));
}

TEST(KeyShares, certificates_of_all_keys_leave_places_for_drains) {
  KeyShares shares({});
  Places held;
  for (std::uint64_t i = 0; i < KeyShares::kCertificatesOfAll; ++i)
    EXPECT_EQ(take(shares, held, std::to_string(i), std::to_string(i)), 0u);
  EXPECT_EQ(take(shares, held, "one more", "of its own"), 503u);
  auto refused = shares.take_certificates(key("one more"), "of its own").error().answer();
  EXPECT_EQ(refused.headers.at(0), (std::pair<std::string, std::string>("Retry-After", "1")));
  MetricsPage page;
  shares.add_metrics(page);
  EXPECT_NE(page.text().find("sluice_api_limited_total{limit=\"certificates\"} 2"), std::string::npos) << page.text();
}

}  // namespace
}  // namespace sluice::api
