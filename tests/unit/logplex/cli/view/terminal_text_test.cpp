#include "logplex/cli/view/terminal_text.hpp"

#include <gtest/gtest.h>

namespace sluice::cli {
namespace {

std::string with_colours(std::string_view text) {
  std::string out;
  append_harmless(out, text, TerminalText::kKeepColours);
  return out;
}

TEST(TerminalText, plain_text_tab_newline_and_utf8_pass) {
  EXPECT_EQ(harmless("a\tb\nGrüße 日本 🙂"), "a\tb\nGrüße 日本 🙂");
}

TEST(TerminalText, escape_sequences_lose_their_escape) {
  EXPECT_EQ(harmless("\x1b[2J\x1b]0;title\x07"), "^[[2J^[]0;title^G");
  EXPECT_EQ(harmless("\x1b[31mred\x1b[0m"), "^[[31mred^[[0m");
}

TEST(TerminalText, colours_pass_only_when_asked_for) {
  EXPECT_EQ(with_colours("\x1b[1;38;5;9mred\x1b[0m\x1b[m"), "\x1b[1;38;5;9mred\x1b[0m\x1b[m");
  EXPECT_EQ(with_colours("\x1b[2J\x1b[8mhidden"), "^[[2J^[[8mhidden");
  EXPECT_EQ(with_colours("\x1b[1;8mhidden"), "^[[1;8mhidden");
  EXPECT_EQ(with_colours("\x1b[0;008mhidden"), "^[[0;008mhidden");
  EXPECT_EQ(with_colours("\x1b[38;5;8;8mhidden"), "^[[38;5;8;8mhidden");
  for (const std::string colour :
       {"\x1b[38;5;8mgrey", "\x1b[48;2;8;8;8mgrey", "\x1b[38:5:8mgrey", "\x1b[1;58;5;8;4mgrey"})
    EXPECT_EQ(with_colours(colour), colour);
  EXPECT_EQ(with_colours("\x1b[" + std::string(100, '1') + "m").substr(0, 3), "^[[");
  EXPECT_EQ(with_colours("\x1b["), "^[[");
}

TEST(TerminalText, c1_controls_and_broken_utf8_show_as_bytes) {
  EXPECT_EQ(harmless("\xc2\x9b"
                     "31m"),
            "\\x9b31m");
  EXPECT_EQ(harmless("\x9b"
                     "31m"),
            "\\x9b31m");
  EXPECT_EQ(harmless("\xff\xc3"), "\\xff\\xc3");
  EXPECT_EQ(harmless("\xc0\xaf"), "\\xc0\\xaf");
  EXPECT_EQ(harmless("\xed\xa0\x80"), "\\xed\\xa0\\x80");
}

TEST(TerminalText, characters_that_reorder_show_their_number) {
  EXPECT_EQ(harmless("a\xe2\x80\xae"
                     "b"),
            "a<U+202E>b");
  EXPECT_EQ(harmless("\xef\xbb\xbf\xe2\x80\x8b"), "<U+FEFF><U+200B>");
}

TEST(TerminalText, carriage_return_passes_nowhere) {
  EXPECT_EQ(harmless("safe\roverwritten"), "safe^Moverwritten");
  EXPECT_EQ(harmless("line\r\n"), "line\n");
}

TEST(TerminalText, all_pairs_of_bytes_leave_nothing_that_commands_a_terminal) {
  for (int a = 0; a < 256; ++a) {
    for (int b = 0; b < 256; ++b) {
      const std::string out = harmless(std::string{static_cast<char>(a), static_cast<char>(b)});
      for (std::size_t i = 0; i < out.size(); ++i) {
        const auto c = static_cast<unsigned char>(out[i]);
        ASSERT_TRUE(c >= 0x20 || c == '\n' || c == '\t') << a << " " << b;
        ASSERT_NE(c, 0x7f);
        if (c == 0xc2) {
          ASSERT_GE(static_cast<unsigned char>(out.at(i + 1)), 0xa0);
        }
      }
    }
  }
}

TEST(TerminalText, width_counts_characters) { EXPECT_EQ(display_width("Grüße"), 5U); }

TEST(TerminalText, json_keeps_its_values_and_controls_nothing) {
  EXPECT_EQ(harmless_json("{\"name\":\"a\xc2\x9b"
                          "2J\xe2\x80\xae\x7f\"}"),
            R"({"name":"a\u009b2J\u202e\u007f"})");
  EXPECT_EQ(harmless_json("[\"Grüße 日本 🙂\"]"), "[\"Grüße 日本 🙂\"]");
}

}  // namespace
}  // namespace sluice::cli
