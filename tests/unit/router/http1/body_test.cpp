#include "router/http1/body.hpp"

#include <gtest/gtest.h>

#include "tests/unit/router/http1/codec_support.hpp"

namespace sluice::http1 {
namespace {

/// What a scanner makes of some bytes, fed in pieces of at most `piece`.
struct Scanned {
  Scanned(std::string_view bytes, std::size_t piece) {
    BodyScanner scanner;
    scanner.start(BodyKind::kChunked, 0);
    std::string out(bytes.size(), '\0');
    for (std::size_t at = 0; at < bytes.size() && !scanner.done() && !scanner.bad(); at += piece) {
      const std::string_view part = bytes.substr(at, piece);
      std::size_t here = 0;
      const std::size_t size = scanner.decode(part.data(), part.size(), out.data(), here);
      content.append(out.data(), size);
      taken += here;
    }
    done = scanner.done();
    error = scanner.error();
  }
  std::string content;
  std::size_t taken = 0;
  bool done = false;
  ChunkError error = ChunkError::kNone;
};

void expect_chunked(std::string_view bytes, std::string_view content, bool done, ChunkError error) {
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
    const Scanned scanned(bytes, piece);
    EXPECT_EQ(scanned.content, content) << bytes << " in pieces of " << piece;
    EXPECT_EQ(scanned.done, done) << bytes;
    EXPECT_EQ(scanned.error, error) << bytes << ": " << to_string(scanned.error);
  }
}

TEST(ChunkScanner, takes_what_the_grammar_allows) {
  expect_chunked("5\r\nhello\r\n0\r\n\r\n", "hello", true, ChunkError::kNone);
  expect_chunked("0\r\n\r\n", "", true, ChunkError::kNone);
  expect_chunked("000\r\n\r\n", "", true, ChunkError::kNone);
  expect_chunked("A\r\n0123456789\r\n00a\r\n\r\n\r\n\r\n\r\r\r\r\r\n0\r\n\r\n", "0123456789\r\n\r\n\r\n\r\r\r\r", true,
                 ChunkError::kNone);
  expect_chunked("5;a;b=c;d=\"x y\"\r\nhello\r\n0;z\r\n\r\n", "hello", true, ChunkError::kNone);
  expect_chunked("5 ; a = b\r\nhello\r\n0\r\n\r\n", "hello", true, ChunkError::kNone);
  expect_chunked("0\r\nExpires: never\r\nX-Sum: \t1 \r\n\r\n", "", true, ChunkError::kNone);
}

TEST(ChunkScanner, leaves_the_next_message_alone) {
  const std::string body = "3\r\nabc\r\n0\r\nT: v\r\n\r\n";
  const std::string bytes = body + "GET / HTTP/1.1\r\n";
  BodyScanner scanner;
  scanner.start(BodyKind::kChunked, 0);
  EXPECT_EQ(scanner.take(bytes.data(), bytes.size()), body.size());
  EXPECT_TRUE(scanner.done());
}

TEST(ChunkScanner, refuses_everything_else) {
  using E = ChunkError;
  const std::pair<const char*, ChunkError> table[] = {
      {"\r\n", E::kBadSize},
      {"g\r\n", E::kBadSize},
      {"-1\r\n", E::kBadSize},
      {"+1\r\nx\r\n", E::kBadSize},
      {"0x1\r\nx\r\n", E::kBadSize},
      {" 1\r\nx\r\n", E::kBadSize},
      {"1 \r\nx\r\n", E::kBadSize},
      {"1\nx\r\n", E::kBadSize},
      {"<html>", E::kBadSize},
      {"1\rx\r\n", E::kMissingCrlf},
      {"1\r\r\nx\r\n", E::kMissingCrlf},
      {"ffffffffffffffff\r\n", E::kSizeOverflow},
      {"8000000000000000\r\n", E::kSizeOverflow},
      {"00000000000000001\r\nx\r\n", E::kSizeOverflow},
      {"1;\r\nx\r\n", E::kBadExtension},
      {"1;a\nx\r\n0\r\n\r\n", E::kBadExtension},
      {"1;\x01\r\n", E::kBadExtension},
      {"1;a\rb\r\nx\r\n", E::kMissingCrlf},
      {"0\r\n5\r\nhello\r\n0\r\n\r\n", E::kBadTrailer},
      {"0\r\nGET / HTTP/1.1\r\n\r\n", E::kBadTrailer},
      {"0\r\nname : v\r\n\r\n", E::kBadTrailer},
      {"0\r\n: v\r\n\r\n", E::kBadTrailer},
      {"0\r\n folded\r\n\r\n", E::kBadTrailer},
      {"0\r\na: b\nc: d\r\n\r\n", E::kBadTrailer},
      {"0\r\n\n", E::kBadTrailer},
      {"0\r\n\rx", E::kBadTrailer},
      {"0\r\nContent-Length: 3\r\n\r\n", E::kBadTrailer},
      {"0\r\ntransfer-encoding: chunked\r\n\r\n", E::kBadTrailer},
      {"0\r\nHOST: a\r\n\r\n", E::kBadTrailer},
  };
  for (const auto& [bytes, error] : table) expect_chunked(bytes, "", false, error);
  expect_chunked("3\r\nabcd\r\n", "abc", false, E::kMissingCrlf);
  expect_chunked("3\r\nabc\n0\r\n", "abc", false, E::kMissingCrlf);
  expect_chunked("3\r\nabc\r0\r\n", "abc", false, E::kMissingCrlf);
  expect_chunked("3\r\nabc0\r\n", "abc", false, E::kMissingCrlf);
}

TEST(ChunkScanner, bounds_lines_and_trailers) {
  EXPECT_EQ(Scanned("1;a" + std::string(5000, 'x'), 100).error, ChunkError::kLineTooLong);
  EXPECT_EQ(Scanned("1" + std::string(5000, ' '), 100).error, ChunkError::kLineTooLong);
  EXPECT_EQ(Scanned("0\r\na: " + std::string(20000, 'x'), 100).error, ChunkError::kTrailersTooLarge);
  std::string many = "0\r\n";
  for (int i = 0; i < 5000; ++i) many += "a:b\r\n";
  EXPECT_EQ(Scanned(many, 100).error, ChunkError::kTrailersTooLarge);
}

TEST(ChunkScanner, short_ends_are_not_done) {
  const std::string whole = "3\r\nabc\r\n0\r\n\r\n";
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const Scanned scanned(whole.substr(0, size), 4);
    EXPECT_FALSE(scanned.done);
    EXPECT_EQ(scanned.error, ChunkError::kNone);
  }
}

TEST(BodyScanner, counts_lengths) {
  BodyScanner scanner;
  scanner.start(BodyKind::kLength, 10);
  EXPECT_EQ(scanner.take("12345678", 8), 8u);
  EXPECT_FALSE(scanner.done());
  EXPECT_EQ(scanner.take("12345678", 8), 2u);
  EXPECT_TRUE(scanner.done());
  scanner.start(BodyKind::kNone, 0);
  EXPECT_TRUE(scanner.done());
  EXPECT_EQ(scanner.take("x", 1), 0u);
  scanner.start(BodyKind::kUntilClose, 0);
  EXPECT_EQ(scanner.take("12345678", 8), 8u);
  EXPECT_FALSE(scanner.done());
}

}  // namespace
}  // namespace sluice::http1
