#include "router/http1/response.hpp"

#include <gtest/gtest.h>

#include "tests/unit/router/http1/codec_support.hpp"

namespace sluice::router::http1 {
namespace {

struct Parsed {
  explicit Parsed(std::string_view bytes, bool to_head = false, HeadLimits limits = wide_limits()) : parser(limits) {
    parser.reset(to_head);
    progress = feed(parser, bytes, 0, buffer);
  }
  ResponseParser parser;
  std::unique_ptr<Slacked> buffer;
  Progress progress;
};

HeadError error_of(std::string_view bytes, HeadLimits limits = wide_limits()) {
  return Parsed(bytes, false, limits).parser.error();
}

std::string response(std::string_view fields, std::string_view status = "200 OK") {
  return "HTTP/1.1 " + std::string(status) + "\r\n" + std::string(fields) + "\r\n";
}

TEST(ResponseParser, reads_a_head) {
  const Parsed parsed(response("Content-Length: 5\r\nServer: x\r\nDate: now\r\n") + "hello");
  ASSERT_EQ(parsed.progress, Progress::kDone);
  EXPECT_EQ(parsed.parser.head().status, 200u);
  EXPECT_EQ(parsed.parser.head().status_and_reason(), "200 OK");
  EXPECT_EQ(parsed.parser.head().body(), BodyKind::kLength);
  EXPECT_TRUE(parsed.parser.keep_alive());
  EXPECT_TRUE(parsed.parser.head().has_date);
}

TEST(ResponseParser, takes_any_three_digits_and_a_missing_reason) {
  EXPECT_EQ(Parsed(response("", "666 The beast")).parser.head().status, 666u);
  EXPECT_EQ(Parsed(response("", "421 ")).parser.head().status_and_reason(), "421 ");
  EXPECT_EQ(Parsed(response("", "421")).parser.head().status, 421u);
}

TEST(ResponseParser, bodies) {
  const auto body = [](const std::string& bytes, bool to_head = false) {
    return Parsed(bytes, to_head).parser.head().body();
  };
  EXPECT_EQ(body(response("")), BodyKind::kUntilEnd);
  EXPECT_EQ(body(response("Content-Length: 0\r\n")), BodyKind::kNone);
  EXPECT_EQ(body(response("Transfer-Encoding: chunked\r\n")), BodyKind::kChunked);
  EXPECT_EQ(body(response("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n")), BodyKind::kChunked);
  EXPECT_EQ(body(response("Content-Length: 3\r\n"), true), BodyKind::kNone);
  EXPECT_EQ(body(response("Content-Length: 3\r\n", "204 No Content")), BodyKind::kNone);
  EXPECT_EQ(body(response("Content-Length: 3\r\n", "304 Not Modified")), BodyKind::kNone);
  EXPECT_EQ(body(response("", "103 Early Hints")), BodyKind::kNone);
}

TEST(ResponseParser, keeps_only_connections_whose_end_is_certain) {
  const auto keep = [](const std::string& bytes) { return Parsed(bytes).parser.keep_alive(); };
  EXPECT_TRUE(keep(response("Transfer-Encoding: chunked\r\n")));
  EXPECT_TRUE(keep(response("", "204 No Content")));
  EXPECT_FALSE(keep(response("")));
  EXPECT_FALSE(keep(response("Content-Length: 1\r\nConnection: close\r\n")));
  EXPECT_FALSE(keep(response("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n")));
  EXPECT_FALSE(keep(response("Content-Length: 4\r\n", "204 No Content")));
  EXPECT_FALSE(keep("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n"));
  EXPECT_TRUE(keep("HTTP/1.0 200 OK\r\nContent-Length: 1\r\nConnection: keep-alive\r\n\r\n"));
}

TEST(ResponseParser, refuses_malformed_heads) {
  using E = HeadError;
  const std::pair<std::string, HeadError> table[] = {
      {"garbage\r\n\r\n", E::kBadStatusLine},
      {"HTTP/1.1 20 OK\r\n\r\n", E::kBadStatusLine},
      {"HTTP/1.1 2000 OK\r\n\r\n", E::kBadStatusLine},
      {"HTTP/1.1 099 OK\r\n\r\n", E::kBadStatusLine},
      {"HTTP/1.1 -99 OK\r\n\r\n", E::kBadStatusLine},
      {"HTTP/1.1  200 OK\r\n\r\n", E::kBadStatusLine},
      {"HTTP/2.0 200 OK\r\n\r\n", E::kBadStatusLine},
      {"HTTP/1.1 200 OK\n\n", E::kBareLf},
      {response("no colon\r\n"), E::kNoColon},
      {response("a : b\r\n"), E::kSpaceBeforeColon},
      {response("a: b\r\n c\r\n"), E::kObsFold},
      {response("a: b\nc: d\r\n"), E::kBareLf},
      {response("Content-Length: 1\r\nContent-Length: 2\r\n"), E::kBadContentLength},
      {response("Content-Length: 1,1\r\n"), E::kBadContentLength},
      {response("Content-Length: +1\r\n"), E::kBadContentLength},
      {response("Transfer-Encoding: gzip\r\n"), E::kBadTransferEncoding},
      {response("Transfer-Encoding: gzip, chunked\r\n"), E::kUnknownTransferCoding},
      {"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", E::kTransferEncodingIn10},
  };
  for (const auto& [bytes, error] : table) EXPECT_EQ(error_of(bytes), error) << bytes;
}

TEST(ResponseParser, limits_are_exact_and_told_from_malformed) {
  RouterSettings settings;
  settings.response_status_line_max = 8192_B;
  settings.response_header_max = 512_KiB;
  settings.response_cookie_max = 8192_B;
  settings.headers_max = 1000;
  const HeadLimits limits = HeadLimits::of_responses(settings);
  const auto cookie = [&](std::size_t n) {
    return error_of(response("Set-Cookie: " + std::string(n, 'c') + "\r\n"), limits);
  };
  EXPECT_EQ(cookie(8192), HeadError::kNone);
  EXPECT_EQ(cookie(8193), HeadError::kCookieTooLong);
  const auto line = [&](std::size_t n) { return error_of(response("n: " + std::string(n - 3, 'v') + "\r\n"), limits); };
  EXPECT_EQ(line(512 * 1024), HeadError::kNone);
  EXPECT_EQ(line(512 * 1024 + 1), HeadError::kHeaderValueTooLong);
  EXPECT_EQ(error_of("HTTP/1.1 200 " + std::string(8192 - 13, 'r') + "\r\n\r\n", limits), HeadError::kNone);
  EXPECT_EQ(error_of("HTTP/1.1 200 " + std::string(8192 - 12, 'r') + "\r\n\r\n", limits),
            HeadError::kStatusLineTooLong);
  EXPECT_TRUE(is_response_limit(HeadError::kCookieTooLong));
  EXPECT_TRUE(is_response_limit(HeadError::kBadContentLength));
  EXPECT_FALSE(is_response_limit(HeadError::kBadStatusLine));
}

TEST(ResponseParser, splitting_anywhere_changes_nothing) {
  const std::string heads[] = {response("Content-Length: 5\r\nA: b\r\n") + "hello",
                               response("a : b\r\n"),
                               response("Set-Cookie: " + std::string(17, 'c') + "\r\n"),
                               "HTTP/1.1 200 " + std::string(80, 'r') + "\r\n\r\n",
                               response("A: b\r\r\n"),
                               response("a: " + std::string(70, 'x') + "\r\n")};
  for (const std::string& head : heads) {
    std::unique_ptr<Slacked> buffer;
    ResponseParser whole(small_limits());
    const std::string expected = describe(whole, feed(whole, head, 0, buffer));
    for (std::size_t cut = 1; cut < head.size(); ++cut) {
      ResponseParser parser(small_limits());
      std::unique_ptr<Slacked> split;
      ASSERT_EQ(describe(parser, feed(parser, head, cut, split)), expected) << head << " cut at " << cut;
    }
    ResponseParser bytewise(small_limits());
    ASSERT_EQ(describe(bytewise, feed_bytewise(bytewise, head, buffer)), expected) << head;
  }
}

}  // namespace
}  // namespace sluice::router::http1
