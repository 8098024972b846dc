#include "logplex/base/log.hpp"

#include <gtest/gtest.h>

#include "logplex/base/bytes/utf8.hpp"

namespace sluice {
namespace {

std::string logged(const std::string& value) {
  testing::internal::CaptureStderr();
  log_warning("test", {{"key", value}});
  flush_log();
  const std::string line = testing::internal::GetCapturedStderr();
  const auto at = line.find(" key=");
  return at == std::string::npos ? line : line.substr(at + 5, line.size() - at - 6);
}

TEST(Log, values_that_are_not_plain_are_quoted) {
  EXPECT_EQ(logged("shop"), "shop");
  EXPECT_EQ(logged("caf\xc3\xa9"), "caf\xc3\xa9");
  EXPECT_EQ(logged("a b=\"c\\"), "\"a b=\\\"c\\\\\"");
  EXPECT_EQ(logged(""), "\"\"");
}

/// A name from a store or a client neither commands a terminal nor looks like another one.
TEST(Log, what_cannot_be_seen_is_escaped) {
  EXPECT_EQ(logged("a\nb"), "\"a\\x0ab\"");
  EXPECT_EQ(logged("a\x7f\x1b[2J"), "\"a\\x7f\\x1b[2J\"");
  EXPECT_EQ(logged("\xff"), "\"\\xff\"");
  EXPECT_EQ(logged("a\xc2\x9b"
                   "b"),
            "\"a\\xc2\\x9bb\"");
  EXPECT_EQ(logged("a\xe2\x80\xae"
                   "b"),
            "\"a\\xe2\\x80\\xaeb\"");
  for (const std::string hidden :
       {"\xd8\x9c", "\xe2\x80\x8b", "\xe2\x80\x8e", "\xe2\x80\x8f", "\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xaa",
        "\xe2\x81\xa0", "\xe2\x81\xa6", "\xe2\x81\xa9", "\xef\xbb\xbf", "\xc2\x80"}) {
    EXPECT_EQ(logged(hidden).find(hidden), std::string::npos) << logged(hidden);
    EXPECT_EQ(shown_text("a" + hidden + "b"),
              "a\xef\xbf\xbd"
              "b");
  }
  for (const std::string shown :
       {"\xd8\x9d", "\xe2\x80\x90", "\xe2\x80\xaf", "\xe2\x81\xb0", "\xef\xbb\xbe", "\xc2\xa0"})
    EXPECT_EQ(logged(shown), shown);
}

}  // namespace
}  // namespace sluice
