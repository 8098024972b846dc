#include "logplex/net/http/http_request_parser.hpp"

#include <gtest/gtest.h>

namespace sluice {
namespace {

struct Parsed {
  HttpRequest request;
  std::string body;
  std::string left;
  int refused = 0;
  bool malformed_body = false;
  bool complete = false;
};

/// Feeds the bytes in pieces, as a connection does.
Parsed parse(const std::string& bytes, std::size_t piece) {
  Parsed parsed;
  HttpRequestParser parser(Bytes{1024});
  std::string in;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    in += bytes.substr(at, piece);
    if (!parser.head_done()) in.erase(0, parser.feed_head(in));
    if (parser.refusal()) {
      parsed.refused = parser.refusal()->status;
      return parsed;
    }
    if (!parser.head_done() || parser.body_done()) continue;
    const auto taken = parser.feed_body(in, parsed.body);
    if (!taken) {
      parsed.malformed_body = true;
      return parsed;
    }
    in.erase(0, *taken);
  }
  if (parser.head_done()) parser.take_head(parsed.request);
  parsed.complete = parser.head_done() && parser.body_done();
  parsed.left = in;
  return parsed;
}

TEST(HttpRequestParser, the_cut_changes_nothing) {
  const std::string bytes =
      "\r\n\r\nPOST /a/b?x=1%202&flag&=v&y= HTTP/1.1\r\nHost: h\r\nX-Pad:  padded \t\r\nTransfer-Encoding: "
      "chunked\r\n\r\n"
      "5\r\nhello\r\n1;ext=1\r\n \r\n00005\r\nworld\r\n0\r\nTrailer: t\r\n\r\nGET ";
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
    const auto parsed = parse(bytes, piece);
    ASSERT_TRUE(parsed.complete) << piece;
    EXPECT_EQ(parsed.body, "hello world");
    EXPECT_EQ(parsed.left, "GET ");
    EXPECT_EQ(parsed.request.path, "/a/b");
    EXPECT_EQ(*parsed.request.query_value("x"), "1 2");
    EXPECT_EQ(*parsed.request.query_value("flag"), "");
    EXPECT_EQ(parsed.request.query.size(), 4u);
    EXPECT_EQ(*parsed.request.header("x-pad"), "padded");
    EXPECT_EQ(parsed.request.header("trailer"), nullptr);
  }
}

TEST(HttpRequestParser, content_length_and_none) {
  const auto with = parse("PUT /x HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabcdef", 7);
  EXPECT_TRUE(with.complete);
  EXPECT_EQ(with.body, "abc");
  EXPECT_EQ(with.left, "def");
  const auto without = parse("GET http://other/x?q#f HTTP/1.0\r\n\r\nrest", 100);
  EXPECT_TRUE(without.complete);
  EXPECT_EQ(without.request.path, "/x");
  EXPECT_EQ(without.request.version, 10);
  EXPECT_EQ(without.left, "rest");
}

struct Bad {
  const char* head;
  int status;
};

class Refused : public ::testing::TestWithParam<Bad> {};

TEST_P(Refused, whole_and_in_pieces) {
  const std::string bytes = std::string(GetParam().head) + "\r\n\r\n0\r\n\r\n";
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, bytes.size()})
    EXPECT_EQ(parse(bytes, piece).refused, GetParam().status) << GetParam().head;
}

INSTANTIATE_TEST_SUITE_P(
    Heads, Refused,
    ::testing::Values(Bad{"GET / HTTP/1.1", 400}, Bad{"GET / HTTP/1.1\r\nHost: a\r\nHost: a", 400},
                      Bad{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked", 400},
                      Bad{"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5", 400},
                      Bad{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5", 400},
                      Bad{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6", 400},
                      Bad{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5", 400},
                      Bad{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5", 400},
                      Bad{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1", 400},
                      Bad{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999", 400},
                      Bad{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x5", 400},
                      Bad{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length:", 400},
                      Bad{"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked", 501},
                      Bad{"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity", 501},
                      Bad{"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
                          400},
                      Bad{"POST / HTTP/1.0\r\nTransfer-Encoding: chunked", 400},
                      Bad{"GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b", 400}, Bad{"GET / HTTP/1.1\r\nHost : a", 400},
                      Bad{"GET / HTTP/1.1\r\n Host: a", 400}, Bad{"GET / HTTP/1.1\r\nHost: a\nX: b", 400},
                      Bad{"GET / HTTP/1.1\r\nHost: a\r\nX: b\rc", 400}, Bad{"GET  / HTTP/1.1\r\nHost: a", 400},
                      Bad{"GET / HTTP/2.0\r\nHost: a", 400}, Bad{"GET / HTTP/1.1 \r\nHost: a", 400},
                      Bad{"G(T / HTTP/1.1\r\nHost: a", 400}, Bad{"GET /?a=%zz HTTP/1.1\r\nHost: a", 400},
                      Bad{"GET / HTTP/1.1\r\nHost: a\r\nExpect: magic", 417}, Bad{"GET /", 400},
                      Bad{"\x16\x03\x01\x02", 400}));

TEST(HttpRequestParser, large_heads_are_refused_early) {
  EXPECT_EQ(parse("GET / HTTP/1.1\r\nX: " + std::string(2000, 'x'), 100).refused, 431);
  EXPECT_EQ(parse("GET /" + std::string(2000, 'x'), 2100).refused, 431);
}

TEST(HttpRequestParser, broken_chunks) {
  const std::string head = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const char* body :
       {"x\r\n", "5\r\nhelloXX0\r\n\r\n", "-1\r\n", "10000000000000000\r\n", "\r\n", "5 \rx", "5\r\nhello0\r\n", "5\n",
        "0x5\r\n", "5;a\nb\r\n", "00000000000000000", "5\r\nhello\n", "0\r\n\n"}) {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{1000}})
      EXPECT_TRUE(parse(head + body, piece).malformed_body) << body;
  }
}

}  // namespace
}  // namespace sluice
