#include "router/http1/scan.hpp"

#include <gtest/gtest.h>

#include "logplex/base/rng.hpp"
#include "tests/unit/router/http1/codec_support.hpp"

namespace sluice::router::http1 {
namespace {

TEST(FindControl, vectors_and_bytes_agree_at_every_length_and_place) {
  for (std::size_t size = 0; size < 70; ++size) {
    for (std::size_t at = 0; at <= size; ++at) {
      for (const char control : {'\0', '\r', '\n', '\x1f', '\x7f'}) {
        std::string text(size, 'x');
        if (at < size) text[at] = control;
        const Slacked bytes(text);
        const char* end = bytes.data() + size;
        EXPECT_EQ(find_control(bytes.data(), end) - bytes.data(), static_cast<std::ptrdiff_t>(at));
        EXPECT_EQ(find_control_portable(bytes.data(), end) - bytes.data(), static_cast<std::ptrdiff_t>(at));
      }
    }
  }
}

TEST(FindControl, passes_over_tabs_and_high_bytes) {
  for (int c = 0; c < 256; ++c) {
    const Slacked bytes(std::string(20, static_cast<char>(c)));
    const bool stops = (c < 0x20 && c != '\t') || c == 0x7f;
    EXPECT_EQ(find_control(bytes.data(), bytes.data() + 20) == bytes.data(), stops) << c;
    EXPECT_EQ(is_control(static_cast<char>(c)), stops) << c;
  }
}

TEST(FindControl, agrees_on_random_bytes) {
  SeededRng rng(3);
  for (int round = 0; round < 2000; ++round) {
    std::string text(rng.below(200), '\0');
    rng.fill(std::as_writable_bytes(std::span(text)));
    const Slacked bytes(text);
    EXPECT_EQ(find_control(bytes.data(), bytes.data() + text.size()),
              find_control_portable(bytes.data(), bytes.data() + text.size()));
  }
}

TEST(FindTokenEnd, stops_at_each_byte_that_is_no_token_char_wherever_it_stands) {
  for (int c = 0; c < 256; ++c) {
    for (std::size_t at = 0; at < 40; ++at) {
      std::string text(at, at % 3 == 0 ? 'A' : '-');
      text += static_cast<char>(c);
      const std::size_t end = is_char(static_cast<char>(c), kTokenChar) ? at + 1 : at;
      const Slacked bytes(text + "\r");
      EXPECT_EQ(find_token_end(bytes.data()) - bytes.data(), static_cast<std::ptrdiff_t>(end)) << c;
    }
  }
}

TEST(FindTargetEnd, stops_at_the_first_special_byte_wherever_it_stands) {
  for (int c = 0; c < 256; ++c) {
    for (std::size_t at = 0; at < 40; ++at) {
      const std::string text = std::string(at, '/') + static_cast<char>(c);
      const bool special = c == ' ' || c == '\t' || c == '#' || c == '\r';
      const Slacked bytes(text + "\r");
      EXPECT_EQ(find_target_end(bytes.data()) - bytes.data(), static_cast<std::ptrdiff_t>(special ? at : at + 1)) << c;
    }
  }
}

TEST(CharClass, token_is_that_of_rfc_9110) {
  std::string tokens;
  for (int c = 0; c < 256; ++c)
    if (is_char(static_cast<char>(c), kTokenChar)) tokens += static_cast<char>(c);
  EXPECT_EQ(tokens, "!#$%&'*+-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ^_`abcdefghijklmnopqrstuvwxyz|~");
}

TEST(KindOf, knows_each_name_in_any_case_and_no_neighbour) {
  EXPECT_EQ(kind_of("HOST"), FieldKind::kHost);
  EXPECT_EQ(kind_of("te"), FieldKind::kHopByHop);
  EXPECT_EQ(kind_of("Proxy-Authorization"), FieldKind::kHopByHop);
  EXPECT_EQ(kind_of("Transfer-Encoding"), FieldKind::kTransferEncoding);
  EXPECT_EQ(kind_of("x-FORWARDED-proto"), FieldKind::kForwardedProto);
  EXPECT_EQ(kind_of("Content-Lengtn"), FieldKind::kOther);
  EXPECT_EQ(kind_of("Transfer_Encoding"), FieldKind::kFolded);
  EXPECT_EQ(kind_of("X-Forwarded-Host"), FieldKind::kForwardedHost);
  EXPECT_EQ(kind_of(std::string(300, 'a')), FieldKind::kOther);
}

}  // namespace
}  // namespace sluice::router::http1
