#include "logplex/net/dial/address_guard.hpp"

#include <gtest/gtest.h>

namespace sluice {
namespace {

struct Row {
  const char* address;
  const char* kind;  // "" = allowed
};

class GuardTable : public ::testing::TestWithParam<Row> {};

TEST_P(GuardTable, refuses_by_kind) {
  const AddressGuard guard;
  EXPECT_EQ(guard.refusal(boost::asio::ip::make_address(GetParam().address)), GetParam().kind) << GetParam().address;
}

INSTANTIATE_TEST_SUITE_P(
    Addresses, GuardTable,
    ::testing::Values(Row{"8.8.8.8", ""}, Row{"1.1.1.1", ""}, Row{"172.15.255.255", ""}, Row{"172.32.0.0", ""},
                      Row{"11.0.0.0", ""}, Row{"100.63.255.255", ""}, Row{"100.128.0.0", ""},
                      Row{"223.255.255.255", ""}, Row{"2600::1", ""}, Row{"::ffff:8.8.8.8", ""},
                      Row{"64:ff9b::808:808", ""}, Row{"2002:808:808::1", ""}, Row{"0.0.0.0", "unspecified"},
                      Row{"0.1.2.3", "unspecified"}, Row{"::", "unspecified"}, Row{"127.0.0.1", "loopback"},
                      Row{"127.255.255.255", "loopback"}, Row{"::1", "loopback"}, Row{"::ffff:127.0.0.1", "loopback"},
                      Row{"::ffff:7f00:1", "loopback"}, Row{"64:ff9b::7f00:1", "loopback"},
                      Row{"2002:7f00:1::", "loopback"}, Row{"2001:0:1:2:3:4:80ff:fffe", "loopback"},
                      Row{"10.0.0.1", "private"}, Row{"172.16.0.1", "private"}, Row{"172.31.255.255", "private"},
                      Row{"192.168.1.1", "private"}, Row{"::ffff:10.1.2.3", "private"}, Row{"fc00::1", "private"},
                      Row{"fdff::1", "private"}, Row{"fec0::1", "private"}, Row{"64:ff9b:1::1", "private"},
                      Row{"100.64.0.1", "carrier-grade NAT"}, Row{"100.127.255.255", "carrier-grade NAT"},
                      Row{"169.254.0.1", "link-local"}, Row{"fe80::1", "link-local"}, Row{"febf::1", "link-local"},
                      Row{"169.254.169.254", "metadata service"}, Row{"fd00:ec2::254", "metadata service"},
                      Row{"::ffff:169.254.169.254", "metadata service"}, Row{"100.100.100.200", "carrier-grade NAT"},
                      Row{"168.63.129.16", "metadata service"}, Row{"192.0.2.1", "documentation"},
                      Row{"2001:db8::1", "documentation"}, Row{"198.18.0.1", "benchmark"},
                      Row{"224.0.0.1", "multicast"}, Row{"ff02::1", "multicast"}, Row{"240.0.0.1", "reserved"},
                      Row{"255.255.255.255", "reserved"}, Row{"::7f00:1", "reserved"},
                      Row{"::ffff:0:7f00:1", "reserved"}, Row{"100::1", "reserved"}));

bool allowed(const std::vector<std::string>& cidrs, const char* address) {
  const auto guard = AddressGuard::parse(cidrs);
  return guard.has_value() && guard->allows(boost::asio::ip::make_address(address));
}

TEST(AddressGuard, cidrs_open_exactly_what_they_cover) {
  EXPECT_TRUE(allowed({"127.0.0.0/8"}, "127.3.4.5"));
  EXPECT_TRUE(allowed({"127.0.0.0/8"}, "::ffff:127.3.4.5"));
  EXPECT_TRUE(allowed({"10.1.0.0/16", "127.0.0.1"}, "127.0.0.1"));
  EXPECT_FALSE(allowed({"10.1.0.0/16", "127.0.0.1"}, "127.0.0.2"));
  EXPECT_FALSE(allowed({"10.1.0.0/16"}, "10.2.0.0"));
  EXPECT_TRUE(allowed({"0.0.0.0/0"}, "10.2.0.0"));
  EXPECT_FALSE(allowed({"0.0.0.0/0"}, "::1"));
  EXPECT_TRUE(allowed({"::1/128"}, "::1"));
  EXPECT_TRUE(allowed({"fd00::/8"}, "fd12::1"));
  EXPECT_FALSE(allowed({"fd00::/8"}, "fc12::1"));
  EXPECT_TRUE(allowed({"::/0"}, "fe80::1"));
}

TEST(AddressGuard, a_bad_entry_is_named) {
  for (const char* entry :
       {"10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0/8", "::/129", "host/8", "", "1.2.3.4/8x"}) {
    const auto guard = AddressGuard::parse({"::1/128", entry});
    ASSERT_FALSE(guard.has_value()) << entry;
    EXPECT_NE(guard.error().message.find("'" + std::string(entry) + "'"), std::string::npos) << guard.error().message;
  }
}

TEST(AddressGuard, own_listeners_are_refused_whatever_is_allowed) {
  const auto at = [](const char* text) { return boost::asio::ip::make_address(text); };
  auto guard = AddressGuard::parse({"0.0.0.0/0", "::/0"}).value();
  guard.refuse_listeners({{at("0.0.0.0"), 6001}, {at("127.0.0.1"), 8001}, {at("::"), 8080}});
  for (const char* own : {"127.0.0.1", "127.7.7.7", "0.0.0.0", "::ffff:127.0.0.1"})
    EXPECT_TRUE(guard.is_own_listener(at(own), 6001)) << own;
  EXPECT_TRUE(guard.is_own_listener(at("::1"), 8080));
  EXPECT_TRUE(guard.is_own_listener(at("127.0.0.1"), 8080));
  EXPECT_TRUE(guard.is_own_listener(at("127.0.0.1"), 8001));
  EXPECT_TRUE(guard.is_own_listener(at("0.0.0.0"), 8001));
  EXPECT_FALSE(guard.is_own_listener(at("127.0.0.2"), 8001));
  EXPECT_FALSE(guard.is_own_listener(at("127.0.0.1"), 6002));
  EXPECT_FALSE(guard.is_own_listener(at("192.0.2.7"), 6001));
  EXPECT_EQ(guard.refusal(at("127.0.0.1"), 6001), "this is a listener of this node itself");
  EXPECT_EQ(guard.refusal(at("127.0.0.1"), 9000), "");
  EXPECT_EQ(AddressGuard().refusal(at("10.1.2.3"), 80),
            "it is a private address, which drains.allow_cidrs does not name");
}

}  // namespace
}  // namespace sluice
