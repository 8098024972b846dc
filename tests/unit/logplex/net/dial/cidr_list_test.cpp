#include "logplex/net/dial/cidr_list.hpp"

#include <gtest/gtest.h>

namespace sluice {
namespace {

bool contains(const std::vector<std::string>& entries, const char* address) {
  const auto list = CidrList::parse(entries);
  EXPECT_TRUE(list.has_value());
  return list->contains(boost::asio::ip::make_address(address));
}

TEST(CidrList, covers_networks_of_both_families) {
  EXPECT_TRUE(contains({"10.0.0.0/8"}, "10.255.0.1"));
  EXPECT_FALSE(contains({"10.0.0.0/8"}, "11.0.0.1"));
  EXPECT_TRUE(contains({"192.0.2.7"}, "192.0.2.7"));
  EXPECT_FALSE(contains({"192.0.2.7"}, "192.0.2.8"));
  EXPECT_TRUE(contains({"0.0.0.0/0"}, "203.0.113.1"));
  EXPECT_FALSE(contains({"0.0.0.0/0"}, "2001:db8::1"));
  EXPECT_TRUE(contains({"2001:db8::/33"}, "2001:db8:7fff::1"));
  EXPECT_FALSE(contains({"2001:db8::/33"}, "2001:db8:8000::1"));
  EXPECT_TRUE(contains({"::/0"}, "2001:db8::1"));
  EXPECT_TRUE(contains({"192.0.2.0/25", "::1/128"}, "::1"));
  EXPECT_FALSE(contains({}, "::1"));
}

TEST(CidrList, knows_ipv4_addresses_in_their_mapped_form) {
  EXPECT_TRUE(contains({"10.0.0.0/8"}, "::ffff:10.1.2.3"));
  EXPECT_FALSE(contains({"10.0.0.0/8"}, "::ffff:11.1.2.3"));
  EXPECT_TRUE(contains({"::ffff:10.0.0.0/104"}, "10.1.2.3"));
}

TEST(CidrList, names_what_is_none) {
  for (const char* bad :
       {"10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0/8", "name/8", "", "::1/129", "1.2.3.4/8x"}) {
    const auto list = CidrList::parse({"::1", bad});
    ASSERT_TRUE(list.has_error()) << bad;
    EXPECT_NE(list.error().text().find(std::string("'") + bad + "'"), std::string::npos) << list.error().text();
  }
}

}  // namespace
}  // namespace sluice
