#include "router/http1/body.hpp"

#include <gtest/gtest.h>

#include "tests/unit/router/http1/codec_support.hpp"

namespace sluice::router::http1 {
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
  std::string bytes = body + "GET / HTTP/1.1\r\n";
  BodyScanner scanner;
  scanner.start(BodyKind::kChunked, 0);
  std::size_t taken = 0;
  EXPECT_EQ(scanner.pass_on(bytes.data(), bytes.size(), taken), body.size());
  EXPECT_EQ(taken, body.size());
  EXPECT_TRUE(scanner.done());
}

/// What pass_on() makes of a body that comes in pieces; what it leaves comes again with the next piece.
std::string passed_on(std::string_view bytes, std::size_t piece, ChunkRules rules = ChunkRules::kStrict) {
  BodyScanner scanner;
  scanner.start(BodyKind::kChunked, 0, rules);
  std::string out;
  std::string rest;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    rest.append(bytes.substr(at, piece));
    std::size_t taken = 0;
    std::string buffer = rest;
    out.append(buffer.data(), scanner.pass_on(buffer.data(), buffer.size(), taken));
    rest.erase(0, taken);
  }
  if (scanner.bad()) return out + "<" + std::string(to_string(scanner.error())) + ">";
  return out + (scanner.done() ? "<done>" : "<open>") + rest;
}

void expect_passed_on(std::string_view bytes, std::string_view wanted, ChunkRules rules = ChunkRules::kStrict) {
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece)
    EXPECT_EQ(passed_on(bytes, piece, rules), wanted) << bytes << " in pieces of " << piece;
}

TEST(ChunkScanner, size_lines_are_written_anew) {
  expect_passed_on("5\r\nhello\r\n0\r\n\r\n", "5\r\nhello\r\n0\r\n\r\n<done>");
  expect_passed_on("5;a=\"\r\nhello\r\n0;b=\"\r\n\r\n", "5\r\nhello\r\n0\r\n\r\n<done>");
  expect_passed_on("0005 ; a = b\r\nhello\r\n00F\r\n123456789012345\r\n000\r\n\r\nnext",
                   "5\r\nhello\r\nf\r\n123456789012345\r\n0\r\n\r\n<done>next");
  expect_passed_on("A;x\r\n0123456789\r\n", "a\r\n0123456789\r\n<open>");
  expect_passed_on("5\r\nhello\r\n5x\r\n", "5\r\nhello\r\n<bad chunk size>");
  expect_passed_on("1 \r\nx\r\n", "<bad chunk size>");
}

TEST(ChunkScanner, what_backends_add_to_a_size_is_left_out) {
  const auto lenient = ChunkRules::kLenient;
  expect_passed_on("5  \t\r\nhello\r\n0 \r\n\r\n", "5\r\nhello\r\n0\r\n\r\n<done>", lenient);
  expect_passed_on("5;\r\nhello\r\n0; =\xff\r\n\r\n", "5\r\nhello\r\n0\r\n\r\n<done>", lenient);
  expect_passed_on("5 x\r\nhello\r\n", "<bad chunk size>", lenient);
  expect_passed_on(" 5\r\nhello\r\n", "<bad chunk size>", lenient);
  expect_passed_on("5;\nhello\r\n", "<bad chunk extension>", lenient);
  expect_passed_on("5\nhello\r\n", "<bad chunk size>", lenient);
}

TEST(ChunkScanner, trailers_of_forwarding_framing_and_authorization_are_left_out) {
  expect_passed_on("0\r\nX-Sum: 1\r\nX-Forwarded-For: 6.6.6.6\r\nExpires: never\r\n\r\n",
                   "0\r\nX-Sum: 1\r\nExpires: never\r\n\r\n<done>");
  for (const char* name : {"x-forwarded-for",
                           "X_Forwarded_For",
                           "X-FORWARDED_PROTO",
                           "Forwarded",
                           "X-Real-IP",
                           "X-Forwarded-Client-Cert",
                           "X_Real_IP",
                           "Via",
                           "X-Request-Id",
                           "X_Request_Id",
                           "X.Request.Id",
                           "Proxy",
                           "Proxy-Authorization",
                           "Authorization",
                           "Cookie",
                           "Set-Cookie",
                           "Set_Cookie",
                           "Connection",
                           "Keep-Alive",
                           "TE",
                           "Upgrade",
                           "Expect",
                           "Content_Length",
                           "Transfer_Encoding",
                           "Trailer",
                           "Content-Type",
                           "X-Forwarded-Host",
                           "X_Forwarded_Host",
                           "X-Request-Start"})
    expect_passed_on("0\r\n" + std::string(name) + ": v\r\nA: b\r\n\r\n", "0\r\nA: b\r\n\r\n<done>");
  expect_passed_on("0\r\nContent-Length: 3\r\n\r\n", "0\r\n<bad trailer>");
}

TEST(ChunkScanner, a_rest_that_waits_for_its_line_is_bounded) {
  const std::string endless = "1;" + std::string(100000, 'x');
  EXPECT_EQ(passed_on(endless, 1000), "<chunk line too long>");
  EXPECT_EQ(passed_on("0\r\n" + std::string(100000, 'x'), 1000), "0\r\n<trailers too large>");
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

std::size_t taken_of(BodyScanner& scanner, std::string bytes) {
  std::size_t taken = 0;
  EXPECT_EQ(scanner.pass_on(bytes.data(), bytes.size(), taken), taken);
  return taken;
}

TEST(BodyScanner, counts_lengths) {
  BodyScanner scanner;
  scanner.start(BodyKind::kLength, 10);
  EXPECT_EQ(taken_of(scanner, "12345678"), 8u);
  EXPECT_FALSE(scanner.done());
  EXPECT_EQ(taken_of(scanner, "12345678"), 2u);
  EXPECT_TRUE(scanner.done());
  scanner.start(BodyKind::kNone, 0);
  EXPECT_TRUE(scanner.done());
  EXPECT_EQ(taken_of(scanner, "x"), 0u);
  scanner.start(BodyKind::kUntilEnd, 0);
  EXPECT_EQ(taken_of(scanner, "12345678"), 8u);
  EXPECT_FALSE(scanner.done());
}

}  // namespace
}  // namespace sluice::router::http1
