#include "logplex/base/bytes/utf8.hpp"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace sluice {
namespace {

/// Whatever stands before and behind it, for text is looked at eight bytes at once.
void expect_everywhere(std::string_view sequence, bool good) {
  for (std::size_t before = 0; before < 20; ++before) {
    for (std::size_t behind = 0; behind < 20; ++behind) {
      const std::string text = std::string(before, 'a') + std::string(sequence) + std::string(behind, 'z');
      EXPECT_EQ(is_utf8(text), good) << before << ' ' << behind << ' ' << text;
    }
  }
}

TEST(Utf8, takes_what_rfc_3629_allows) {
  for (const std::string_view good : {"", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf",
                                      "\xee\x80\x80", "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"})
    expect_everywhere(good, true);
}

TEST(Utf8, takes_no_overlong_form_no_surrogate_nothing_cut_and_nothing_above_the_last_character) {
  for (const std::string_view bad :
       {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2", "\xe0\x9f\xbf", "\xe2\x82", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf",
        "\xf0\x90\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff"})
    expect_everywhere(bad, false);
}

TEST(Utf8, plain_text_has_no_control_character_at_any_place) {
  for (std::size_t at = 0; at < 20; ++at) {
    for (const char control : {'\0', '\t', '\n', '\x1f', '\x7f'}) {
      std::string text(20, 'a');
      EXPECT_TRUE(is_plain_text(text));
      text[at] = control;
      EXPECT_FALSE(is_plain_text(text)) << at << ' ' << int{control};
      EXPECT_TRUE(is_utf8(text));
    }
  }
}

}  // namespace
}  // namespace sluice
