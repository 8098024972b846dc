#include <gtest/gtest.h>

#include "logplex/net/address_text.hpp"
#include "logplex/net/http/http_message.hpp"
#include "logplex/net/url.hpp"

namespace sluice {
namespace {

TEST(HostPort, splits_names_addresses_and_any) {
  EXPECT_EQ(parse_host_port("127.0.0.1:80")->host, "127.0.0.1");
  EXPECT_EQ(parse_host_port("[::1]:0")->host, "::1");
  EXPECT_EQ(parse_host_port("[::1]:0")->port, 0);
  EXPECT_EQ(parse_host_port("*:65535")->host, "");
  EXPECT_EQ(parse_host_port("*:65535")->port, 65535);
  EXPECT_EQ(parse_host_port(":8080")->host, "");
  for (const char* bad : {"", "host", "host:", "host:x", "host:65536", "host:-1", "::1:80", "[]:80", "host:80 "})
    EXPECT_FALSE(parse_host_port(bad)) << bad;
}

TEST(HostPort, lists_and_ports_json) {
  EXPECT_EQ(split_addresses(" a:1 ,b:2,, c:3"), (std::vector<std::string>{"a:1", "b:2", "c:3"}));
  EXPECT_TRUE(split_addresses(" ").empty());
  EXPECT_EQ(format_ports({{"api.listen", {1}}, {"router.http", {2, 3}}}),
            "{\"api.listen\": 1, \"router.http\": [2, 3]}\n");
}

TEST(HttpMessage, percent_decoding) {
  std::string out;
  EXPECT_TRUE(percent_decode("a%2Fb+c%20", false, out));
  EXPECT_EQ(out, "a/b+c ");
  EXPECT_TRUE(percent_decode("a+b", true, out));
  EXPECT_EQ(out, "a b");
  for (const char* bad : {"%", "%2", "%zz", "a%2"}) EXPECT_FALSE(percent_decode(bad, false, out)) << bad;
}

TEST(HttpMessage, names_of_headers_ignore_case) {
  const HttpHeaders headers{{"X-One", "1"}, {"x-one", "2"}};
  EXPECT_EQ(*find_header(headers, "X-ONE"), "1");
  EXPECT_EQ(find_header(headers, "x-two"), nullptr);
}

TEST(Url, parts) {
  const auto url = parse_url("HTTPS://us%3Aer:p%40ss@Logs.Example.com:8443/in/put?a=b&c#frag%20ment").value();
  EXPECT_EQ(url.scheme, "https");
  EXPECT_EQ(url.user, "us:er");
  EXPECT_EQ(url.password, "p@ss");
  EXPECT_EQ(url.host, "logs.example.com");
  EXPECT_EQ(url.port, 8443);
  EXPECT_EQ(url.path, "/in/put");
  EXPECT_EQ(url.target(), "/in/put?a=b&c");
  EXPECT_EQ(url.fragment, "frag ment");
}

TEST(Url, short_forms) {
  const auto syslog = parse_url("syslog+tls://[2001:DB8::1]#insecure").value();
  EXPECT_EQ(syslog.host, "2001:db8::1");
  EXPECT_TRUE(syslog.host_is_ipv6);
  EXPECT_EQ(syslog.bracketed_host(), "[2001:db8::1]");
  EXPECT_EQ(syslog.port, 0);
  EXPECT_EQ(syslog.fragment, "insecure");
  EXPECT_EQ(syslog.target(), "/");
  EXPECT_EQ(parse_url("http://h?x=1")->target(), "/?x=1");
}

TEST(Url, refuses_what_is_not_one) {
  for (const char* bad : {"",
                          "host",
                          "http:",
                          "http:/path",
                          "http://",
                          "http://a%3A80/",
                          "http://a%40b/",
                          "http://a%2Fb/",
                          "http://:80",
                          "http://h:0/",
                          "http://h:99999/",
                          "http://h:x/",
                          "http://h /",
                          "http://h/\n",
                          "//h/",
                          "http://h/%zz",
                          "http://[::1",
                          "mailto:a@b",
                          "http://a@b@c/",
                          "http://a@b.c@d:80/x"})
    EXPECT_FALSE(parse_url(bad)) << bad;
}

}  // namespace
}  // namespace sluice
