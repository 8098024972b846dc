#include "drains/facts/shown_url.hpp"

#include <gtest/gtest.h>

namespace sluice::drains {
namespace {

TEST(ShownUrl, hides_passwords_and_credentials_only) {
  const std::pair<const char*, const char*> cases[] = {
      {"https://logs.example.com/path?a=b#c", "https://logs.example.com/path?a=b#c"},
      {"https://user:pa%40ss@h:1/p", "https://user:***@h:1/p"},
      {"https://user:p@ss@h/p", "https://user:***@h/p"},
      {"https://TOKEN@h/p", "https://***@h/p"},
      {"https://@h/p", "https://@h/p"},
      {"https://h/p?api_key=abc&x=1&Token=t;sig=z", "https://h/p?api_key=***&x=1&Token=***;sig=***"},
      {"https://h?KEY=AIza&Key=b", "https://h?KEY=***&Key=***"},
      {"https://h/?%6bey=S&to%6Ben=S&x%3D=1", "https://h/?%6bey=***&to%6Ben=***&x%3D=1"},
      {"https://h/?jwt=S&code=S&encode=1&sid=S&side=1", "https://h/?jwt=***&code=***&encode=1&sid=***&side=1"},
      {"https://h/?next=/in?key=S&b=1%26token%3DS&c=a=b", "https://h/?next=***&b=***&c=a=b"},
      {"https://h/p#key=S&x=1", "https://h/p#key=***&x=1"},
      {"https://h?key=AIza&access_token=", "https://h?key=***&access_token="},
      {"kafka://b1:9092,b2/t?key=channel&acks=all&sasl.username=u&sasl.password=p",
       "kafka://b1:9092,b2/t?key=channel&acks=all&sasl.username=u&sasl.password=***"},
      {"kafka+tls://u:p@b/t?key=request_id", "kafka+tls://u:***@b/t?key=request_id"},
      {"syslog+tls://h:6514#insecure", "syslog+tls://h:6514#insecure"},
      {"https://h/a@b?token=1#x?token=2", "https://h/a@b?token=***#x?token=***"},
      {"", ""},
      {"?token=1", "?token=***"},
  };
  for (const auto& [url, shown] : cases) EXPECT_EQ(redacted_url(url), shown);
}

TEST(ShownUrl, readers_see_no_path_of_kinds_whose_receivers_may_have_their_key_there) {
  EXPECT_EQ(public_url("https://user:pass@h:1/receiver/KEY?x=y"), "https://user:***@h:1/***");
  EXPECT_EQ(public_url("HTTP://h/KEY"), "HTTP://h/***");
  EXPECT_EQ(public_url("https://h?KEY"), "https://h/***");
  EXPECT_EQ(public_url("https://h/"), "https://h/");
  EXPECT_EQ(public_url("https://h"), "https://h");
  EXPECT_EQ(public_url("kafka://b/topic?key=none"), "kafka://b/topic?key=none");
  EXPECT_EQ(public_url("syslog+tls://h:6514"), "syslog+tls://h:6514");
  EXPECT_EQ(public_url("syslog+tls://h:6514#insecure"), "syslog+tls://h:6514#insecure");
  EXPECT_EQ(public_url("syslog://h/KEY?x=y"), "syslog://h/***");
}

}  // namespace
}  // namespace sluice::drains
