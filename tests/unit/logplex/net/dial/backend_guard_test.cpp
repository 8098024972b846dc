#include "logplex/net/dial/backend_guard.hpp"

#include <gtest/gtest.h>

namespace sluice {
namespace {

namespace ip = boost::asio::ip;

const std::vector<std::string> kDenied{"169.254.0.0/16", "fe80::/10", "fd00:ec2::254/128"};

BackendGuard guard_of(const std::vector<std::string>& allowed = {}) {
  auto guard = BackendGuard::parse(kDenied, allowed);
  EXPECT_TRUE(guard.has_value());
  guard->refuse_listeners({{ip::make_address("0.0.0.0"), 8080}, {ip::make_address("127.0.0.1"), 8600}});
  return *guard;
}

bool allows(const char* address, std::uint16_t port = 80, const std::vector<std::string>& allowed = {}) {
  return guard_of(allowed).allows(ip::make_address(address), port);
}

TEST(BackendGuard, refuses_what_is_denied_in_every_form) {
  for (const char* address : {"169.254.169.254", "::ffff:169.254.169.254", "64:ff9b::169.254.169.254",
                              "::169.254.169.254", "2002:a9fe:a9fe::1", "fe80::1", "fd00:ec2::254"})
    EXPECT_FALSE(allows(address)) << address;
  for (const char* address : {"127.0.0.1", "10.0.0.1", "192.0.2.1", "::1", "fd00:ec2::253", "2001:db8::1"})
    EXPECT_TRUE(allows(address)) << address;
}

TEST(BackendGuard, allowed_networks_come_first) {
  EXPECT_TRUE(allows("169.254.1.1", 80, {"169.254.1.0/24"}));
  EXPECT_TRUE(allows("::ffff:169.254.1.1", 80, {"169.254.1.0/24"}));
  EXPECT_FALSE(allows("169.254.2.1", 80, {"169.254.1.0/24"}));
}

TEST(BackendGuard, never_leads_to_our_own_listeners) {
  const std::vector<std::string> all{"0.0.0.0/0", "::/0"};
  for (const char* address : {"127.0.0.1", "127.0.0.9", "0.0.0.0", "::ffff:127.0.0.1"}) {
    EXPECT_FALSE(allows(address, 8080, all)) << address;
    EXPECT_TRUE(allows(address, 8081, all)) << address;
  }
  EXPECT_FALSE(allows("127.0.0.1", 8600, all));
  EXPECT_FALSE(allows("0.0.0.0", 8600, all));
  EXPECT_TRUE(allows("192.0.2.1", 8080, all));
}

TEST(BackendGuard, tenants_may_not_name_loopback_addresses) {
  for (const char* address :
       {"127.0.0.1", "127.9.9.9", "::1", "0.0.0.0", "::", "::ffff:127.0.0.1", "64:ff9b::7f00:1"}) {
    const auto loopback = ip::make_address(address);
    EXPECT_FALSE(guard_of().refusal_for_tenants(loopback, 80).empty()) << address;
    EXPECT_TRUE(guard_of({"127.0.0.0/8", "::1", "0.0.0.0", "::"}).refusal_for_tenants(loopback, 80).empty()) << address;
  }
  EXPECT_TRUE(guard_of().refusal_for_tenants(ip::make_address("10.0.0.1"), 80).empty());
}

TEST(BackendGuard, names_the_setting_of_a_mistake) {
  EXPECT_NE(BackendGuard::parse({"x"}, {}).error().text().find("router.deny_cidrs: 'x'"), std::string::npos);
  EXPECT_NE(BackendGuard::parse({}, {"y"}).error().text().find("router.allow_cidrs: 'y'"), std::string::npos);
}

}  // namespace
}  // namespace sluice
