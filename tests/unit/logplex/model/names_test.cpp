#include "logplex/model/names.hpp"

#include <gtest/gtest.h>

#include "logplex/model/channel.hpp"
#include "logplex/model/drain.hpp"

namespace sluice {
namespace {

TEST(Names, channel_ids) {
  for (const auto* id : {"1", "app-6f9b", "_router", "a.b_c~d:e@f+g=h"}) EXPECT_TRUE(check_channel_id(id)) << id;
  for (const auto* id : {"", ".", "..", "a/b", "a b", "a%41", "\xc3\xa4", "a\n"})
    EXPECT_FALSE(check_channel_id(id)) << id;
  EXPECT_TRUE(check_channel_id(std::string(255, 'a')));
  EXPECT_FALSE(check_channel_id(std::string(256, 'a')));
  EXPECT_FALSE(check_app_name("_router"));
}

TEST(Names, token_names_fit_into_a_syslog_header) {
  EXPECT_TRUE(check_token_name("app"));
  EXPECT_TRUE(check_token_name("heroku[x]"));
  for (const auto* name : {"", "a b", "a\tb", "\x7f", "\xc3\xa4"}) EXPECT_FALSE(check_token_name(name)) << name;
}

TEST(Names, domains_have_one_stored_form) {
  EXPECT_EQ(normal_domain("WWW.Example.COM.").value(), "www.example.com");
  EXPECT_EQ(normal_domain("*.Example.com").value(), "*.example.com");
  EXPECT_EQ(normal_domain("localhost").value(), "localhost");
  EXPECT_EQ(normal_domain("127.0.0.1").value(), "127.0.0.1");
  EXPECT_EQ(normal_domain("[::1]").value(), "[::1]");
  for (const auto* bad : {"", ".", "a..b", "*", "*.", "*.*.com", "a.*.com", "-a.com", "a-.com", "a b", "a/b", "a:80",
                          "http://a", "\xc3\xa4.com", "*.[::1]", "[]"})
    EXPECT_FALSE(normal_domain(bad)) << bad;
  EXPECT_FALSE(normal_domain(std::string(64, 'a') + ".com"));
  std::string long_name;
  while (long_name.size() < 260) long_name += "abcdefghi.";
  EXPECT_FALSE(normal_domain(long_name + "com"));
}

TEST(Names, addresses_need_host_and_port) {
  EXPECT_EQ(normal_address("Web-1.internal:5000").value(), "web-1.internal:5000");
  EXPECT_EQ(normal_address("10.0.0.1:1").value(), "10.0.0.1:1");
  EXPECT_EQ(normal_address("[::1]:65535").value(), "[::1]:65535");
  for (const auto* bad : {"", "host", "host:", ":80", "host:0", "host:65536", "host:8o", "::1:80", "a b:80", "host:+1",
                          "host:80 ", "[::1]", "http://h:80"})
    EXPECT_FALSE(normal_address(bad)) << bad;
}

TEST(Names, token_texts_read_back) {
  const Uuid value{0x0123456789abcdef, 0x8edcba9876543210};
  EXPECT_EQ(token_text('t', value), "t." + value.str());
  EXPECT_EQ(parse_token('t', token_text('t', value)), value);
  EXPECT_FALSE(parse_token('d', token_text('t', value)));
  EXPECT_FALSE(parse_token('t', token_text('t', value) + "0"));
  EXPECT_EQ(format_token_id(0xabc), "0000000000000abc");
  EXPECT_EQ(parse_token_id("0000000000000abc"), 0xabcU);
  for (const auto* bad : {"", "abc", "0000000000000ABC", "-000000000000abc", "0000000000000abcd"})
    EXPECT_FALSE(parse_token_id(bad)) << bad;
}

}  // namespace
}  // namespace sluice
