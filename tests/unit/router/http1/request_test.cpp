#include "router/http1/request.hpp"

#include <gtest/gtest.h>

#include "tests/unit/router/http1/codec_support.hpp"

namespace sluice::router::http1 {
namespace {

struct Parsed {
  explicit Parsed(std::string_view bytes, HeadLimits limits = wide_limits()) : parser(limits) {
    parser.reset();
    progress = feed(parser, bytes, 0, buffer);
  }
  RequestParser parser;
  std::unique_ptr<Slacked> buffer;
  Progress progress;
};

HeadError error_of(std::string_view bytes, HeadLimits limits = wide_limits()) {
  const Parsed parsed(bytes, limits);
  EXPECT_EQ(parsed.progress == Progress::kError, parsed.parser.error() != HeadError::kNone) << bytes;
  return parsed.parser.error();
}

std::string request(std::string_view fields) { return "POST / HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n"; }

constexpr std::string_view kBrowser =
    "\r\nGET /some/path?x=1&y=%20#frag HTTP/1.1\r\nHost: Example.COM:8080\r\nUser-Agent: Mozilla/5.0 (X11; Linux)\r\n"
    "Accept:text/html\t\r\nCookie:   a=b; c=d  \r\nConnection: keep-alive, X-Secret\r\nX-Secret: "
    "1\r\nEmpty:\r\n\r\nrest";

TEST(RequestParser, reads_a_browsers_head) {
  const Parsed parsed(kBrowser);
  ASSERT_EQ(parsed.progress, Progress::kDone);
  const RequestParser& p = parsed.parser;
  EXPECT_EQ(p.head().method(), "GET");
  EXPECT_EQ(p.head().target(), "/some/path?x=1&y=%20");
  EXPECT_EQ(p.head().host, "example.com");
  EXPECT_EQ(p.head().authority(), "Example.COM:8080");
  EXPECT_EQ(p.head().body(), BodyKind::kNone);
  EXPECT_TRUE(p.keep_alive());
  EXPECT_EQ(kBrowser.substr(p.consumed()), "rest");
  ASSERT_EQ(p.head().fields.size(), 7u);
  EXPECT_EQ(p.head().text(p.head().fields[2].value), "text/html");
  EXPECT_EQ(p.head().text(p.head().fields[3].value), "a=b; c=d");
  EXPECT_TRUE(p.head().fields[5].named_in_connection);
  EXPECT_EQ(p.head().fields[6].value.size, 0u);
}

TEST(RequestParser, splitting_anywhere_changes_nothing) {
  const std::string heads[] = {
      std::string(kBrowser),
      request("Content-Length: 10\r\nContent-Length: 10\r\n"),
      request("Content-Length: 10\r\nContent-Length: 11\r\n"),
      request("Transfer-Encoding: chunked\r\nContent-Length: 1\r\n"),
      request("Bad Name: x\r\n"),
      request("Folded: x\r\n y\r\n"),
      "GET / HTTP/1.1\nHost: a\r\n\r\n",
      "GET / HTTP/1.1\r\rHost: a\r\n\r\n",
      "\r\n\r\n\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET /" + std::string(100, 'x') + " HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\n" + std::string(20, 'n') + ": v\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nn: " + std::string(33, 'v') + "\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nn: " + std::string(90, 'v') + "\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\na:1\r\na:1\r\na:1\r\na:1\r\na:1\r\na:1\r\na:1\r\na:1\r\na:1\r\n\r\n",
      "GET /" + std::string(50, 'x') + " HTTP/1.1\r\nHost: " + std::string(32, 'v') + "\r\nn: " + std::string(32, 'v') +
          "\r\nn: " + std::string(32, 'v') + "\r\nn: " + std::string(32, 'v') + "\r\nn: " + std::string(32, 'v') +
          "\r\n\r\n"};
  for (const std::string& head : heads) {
    for (const HeadLimits& limits : {small_limits(), wide_limits()}) {
      std::unique_ptr<Slacked> buffer;
      RequestParser whole(limits);
      const std::string expected = describe(whole, feed(whole, head, 0, buffer));
      for (std::size_t cut = 1; cut < head.size(); ++cut) {
        RequestParser parser(limits);
        std::unique_ptr<Slacked> split;
        ASSERT_EQ(describe(parser, feed(parser, head, cut, split)), expected) << head << " cut at " << cut;
      }
      RequestParser bytewise(limits);
      ASSERT_EQ(describe(bytewise, feed_bytewise(bytewise, head, buffer)), expected) << head;
    }
  }
}

TEST(RequestParser, is_not_done_before_the_last_byte) {
  const std::string head = request("A: b\r\n");
  for (std::size_t size = 0; size < head.size(); ++size)
    EXPECT_EQ(Parsed(head.substr(0, size)).progress, Progress::kMore);
  EXPECT_EQ(Parsed(head).progress, Progress::kDone);
}

struct Refused {
  const char* name;
  std::string bytes;
  HeadError error;
};

TEST(RequestParser, refuses_what_smuggles_or_is_ambiguous) {
  using E = HeadError;
  const Refused table[] = {
      {"length and chunked", request("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n"),
       E::kLengthAndTransferEncoding},
      {"chunked and length", request("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n"),
       E::kLengthAndTransferEncoding},
      {"length 0 and chunked", request("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n"),
       E::kLengthAndTransferEncoding},
      {"different lengths", request("Content-Length: 5\r\nContent-Length: 11\r\n"), E::kBadContentLength},
      {"list of lengths", request("Content-Length: 10,10\r\n"), E::kBadContentLength},
      {"signed length", request("Content-Length: +5\r\n"), E::kBadContentLength},
      {"negative length", request("Content-Length: -5\r\n"), E::kBadContentLength},
      {"hex length", request("Content-Length: 0x5\r\n"), E::kBadContentLength},
      {"spaced length", request("Content-Length: 5 5\r\n"), E::kBadContentLength},
      {"empty length", request("Content-Length:\r\n"), E::kBadContentLength},
      {"length beyond 63 bits", request("Content-Length: 9223372036854775808\r\n"), E::kBadContentLength},
      {"length that wraps", request("Content-Length: 18446744073709551620\r\n"), E::kBadContentLength},
      {"comma as encoding", request("Transfer-Encoding: ,\r\n"), E::kBadTransferEncoding},
      {"empty encoding", request("Transfer-Encoding:\r\n"), E::kBadTransferEncoding},
      {"identity", request("Transfer-Encoding: identity\r\n"), E::kBadTransferEncoding},
      {"gzip only", request("Transfer-Encoding: gzip\r\n"), E::kBadTransferEncoding},
      {"chunked not last", request("Transfer-Encoding: chunked, gzip\r\n"), E::kBadTransferEncoding},
      {"chunked twice", request("Transfer-Encoding: chunked, chunked\r\n"), E::kBadTransferEncoding},
      {"chunked on two lines", request("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
       E::kBadTransferEncoding},
      {"identity behind chunked", request("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n"),
       E::kBadTransferEncoding},
      {"quoted chunked", request("Transfer-Encoding: \"chunked\"\r\n"), E::kBadTransferEncoding},
      {"chunked with parameter", request("Transfer-Encoding: chunked;q=1\r\n"), E::kBadTransferEncoding},
      {"xchunked", request("Transfer-Encoding: xchunked\r\n"), E::kBadTransferEncoding},
      {"gzip before chunked", request("Transfer-Encoding: gzip, chunked\r\n"), E::kUnknownTransferCoding},
      {"encoding with vertical tab", request("Transfer-Encoding: \vchunked\r\n"), E::kControlByte},
      {"encoding in 1.0", "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", E::kTransferEncodingIn10},
      {"space before colon", request("Transfer-Encoding : chunked\r\n"), E::kSpaceBeforeColon},
      {"tab before colon", request("Content-Length\t: 3\r\n"), E::kSpaceBeforeColon},
      {"folded line", request("X: a\r\n Transfer-Encoding: chunked\r\n"), E::kObsFold},
      {"folded by tab", request("X: a\r\n\tb\r\n"), E::kObsFold},
      {"blank before the first name", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", E::kObsFold},
      {"no colon", request("Transfer-Encoding chunked\r\n"), E::kNoColon},
      {"a word alone", request("word\r\n"), E::kNoColon},
      {"no name", request(": x\r\n"), E::kBadHeaderName},
      {"name with slash", request("a/b: x\r\n"), E::kBadHeaderName},
      {"name with high byte", request("a\xc3\xa9: x\r\n"), E::kBadHeaderName},
      {"name with brackets", request("Content-Length[]: 1\r\n"), E::kBadHeaderName},
      {"bare LF in a line", request("A: b\nTransfer-Encoding: chunked\r\n"), E::kBareLf},
      {"bare CR in a line", request("A: b\rTransfer-Encoding: chunked\r\n"), E::kBareCr},
      {"bare LF at the end", "GET / HTTP/1.1\r\nHost: a\r\n\n", E::kBareLf},
      {"bare LF behind the request line", "GET / HTTP/1.1\nHost: a\r\n\r\n", E::kBareLf},
      {"CR CR LF", request("A: b\r\r\n"), E::kBareCr},
      {"NUL in a value", request(std::string("A: b\0c\r\n", 9)), E::kControlByte},
      {"escape in a value", request("A: \x1b[1m\r\n"), E::kControlByte},
      {"DEL in a value", request("A: \x7f\r\n"), E::kControlByte},
      {"no host", "GET / HTTP/1.1\r\nA: b\r\n\r\n", E::kNoHost},
      {"no host in 1.0", "GET / HTTP/1.0\r\n\r\n", E::kNoHost},
      {"empty host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", E::kBadHost},
      {"two equal hosts", request("Host: a\r\n"), E::kSeveralHosts},
      {"two hosts", request("host: b\r\n"), E::kSeveralHosts},
      {"host with path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", E::kBadHost},
      {"host with user", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", E::kBadHost},
      {"host list", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", E::kBadHost},
      {"bad port", "GET / HTTP/1.1\r\nHost: a:x\r\n\r\n", E::kBadHost},
      {"high port", "GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n", E::kBadHost},
      {"two ports", "GET / HTTP/1.1\r\nHost: a:1:2\r\n\r\n", E::kBadHost},
      {"open bracket", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", E::kBadHost},
      {"name in brackets", "GET / HTTP/1.1\r\nHost: [abc]\r\n\r\n", E::kBadHost},
      {"CONNECT", "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", E::kConnect},
      {"CONNECT absolute", "CONNECT http://a:80 HTTP/1.1\r\nHost: a\r\n\r\n", E::kConnect},
      {"two spaces", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", E::kBadRequestLine},
      {"space behind the version", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", E::kBadRequestLine},
      {"space in the target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", E::kBadRequestLine},
      {"tab in the target", "GET /a\tb HTTP/1.1\r\nHost: a\r\n\r\n", E::kBadTarget},
      {"tab as separator", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", E::kBadMethod},
      {"no version", "GET /\r\nHost: a\r\n\r\n", E::kBadRequestLine},
      {"method only", "GET\r\nHost: a\r\n\r\n", E::kBadRequestLine},
      {"bad method", "G(T / HTTP/1.1\r\nHost: a\r\n\r\n", E::kBadMethod},
      {"leading space", " GET / HTTP/1.1\r\nHost: a\r\n\r\n", E::kBadMethod},
      {"relative target", "GET a HTTP/1.1\r\nHost: a\r\n\r\n", E::kBadTarget},
      {"other scheme", "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", E::kBadTarget},
      {"no authority", "GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n", E::kBadTarget},
      {"asterisk with GET", "GET * HTTP/1.1\r\nHost: a\r\n\r\n", E::kBadTarget},
      {"HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", E::kBadVersion},
      {"HTTP/1.10", "GET / HTTP/1.10\r\nHost: a\r\n\r\n", E::kBadVersion},
      {"absolute form without Host", "GET http://a/ HTTP/1.1\r\n\r\n", E::kNoHost},
      {"absolute form with two hosts", "GET http://a/ HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", E::kSeveralHosts},
      {"absolute form with a bad Host", "GET http://a/ HTTP/1.1\r\nHost: a b\r\n\r\n", E::kBadHost},
      {"userinfo in absolute form", "GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n", E::kBadHost},
      {"bad port in absolute form", "GET http://a:99999/ HTTP/1.1\r\nHost: a\r\n\r\n", E::kBadHost},
      {"HTTP/0.9", "GET / HTTP/0.9\r\nHost: a\r\n\r\n", E::kBadVersion},
      {"HTTP/11.1", "GET / HTTP/11.1\r\nHost: a\r\n\r\n", E::kBadVersion},
      {"lower-case version", "GET / http/1.1\r\nHost: a\r\n\r\n", E::kBadRequestLine},
      {"TLS hello", std::string("\x16\x03\x01\x02\x00", 5), E::kBadMethod},
      {"leading LF", "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", E::kBareLf},
      {"six empty lines", "\r\n\r\n\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", E::kTooManyEmptyLines},
      {"upgrade without field", request("Connection: upgrade\r\n"), E::kBadUpgrade},
      {"upgrade unparsable", request("Connection: upgrade\r\nUpgrade: a b\r\n"), E::kBadUpgrade},
      {"connection unparsable", request("Connection: a b\r\n"), E::kBadConnection},
  };
  for (const Refused& row : table)
    EXPECT_EQ(error_of(row.bytes), row.error) << row.name << ": " << to_string(error_of(row.bytes));
}

TEST(RequestParser, statuses_of_errors) {
  EXPECT_EQ(status_of(HeadError::kRequestLineTooLong), 414u);
  EXPECT_EQ(status_of(HeadError::kBadVersion), 505u);
  EXPECT_EQ(status_of(HeadError::kUnknownTransferCoding), 501u);
  for (const HeadError e : {HeadError::kBareLf, HeadError::kLengthAndTransferEncoding, HeadError::kNoHost,
                            HeadError::kTooManyHeaders, HeadError::kHeadTooLarge, HeadError::kHeaderValueTooLong})
    EXPECT_EQ(status_of(e), 400u);
}

TEST(RequestParser, limits_are_exact) {
  const HeadLimits limits = wide_limits();
  const auto line_of = [](std::size_t n) {
    return "GET /" + std::string(n - 14, 'x') + " HTTP/1.1\r\nHost: a\r\n\r\n";
  };
  EXPECT_EQ(error_of(line_of(8192)), HeadError::kNone);
  EXPECT_EQ(error_of(line_of(8193)), HeadError::kRequestLineTooLong);
  EXPECT_EQ(error_of("GET /" + std::string(10000, 'x')), HeadError::kRequestLineTooLong);
  EXPECT_EQ(error_of(request(std::string(1000, 'n') + ": v\r\n")), HeadError::kNone);
  EXPECT_EQ(error_of(request(std::string(1001, 'n') + ": v\r\n")), HeadError::kHeaderNameTooLong);
  EXPECT_EQ(error_of(request("n: " + std::string(8192, 'v') + "\r\n")), HeadError::kNone);
  EXPECT_EQ(error_of(request("n: " + std::string(8193, 'v') + "\r\n")), HeadError::kHeaderValueTooLong);
  std::string fields;
  for (std::size_t i = 0; i + 1 < limits.fields; ++i) fields += "a: b\r\n";
  EXPECT_EQ(error_of(request(fields)), HeadError::kNone);
  EXPECT_EQ(error_of(request(fields + "a: b\r\n")), HeadError::kTooManyHeaders);
  std::string large = request("");
  large.resize(large.size() - 2);
  while (large.size() + 8196 < limits.head) large += "n: " + std::string(8191, 'v') + "\r\n";
  const std::size_t left = limits.head - large.size() - 2;
  EXPECT_EQ(error_of(large + "n: " + std::string(left - 5, 'v') + "\r\n\r\n"), HeadError::kNone);
  EXPECT_EQ(error_of(large + "n: " + std::string(left - 4, 'v') + "\r\n\r\n"), HeadError::kHeadTooLarge);
}

TEST(RequestParser, five_empty_lines_are_skipped) {
  const Parsed parsed("\r\n\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(parsed.progress, Progress::kDone);
  RequestParser waiting(wide_limits());
  const Slacked empty("\r\n");
  EXPECT_EQ(waiting.parse(empty.data(), 2), Progress::kMore);
  EXPECT_FALSE(waiting.started());
}

TEST(RequestParser, absolute_form_says_which_host_it_is) {
  EXPECT_EQ(Parsed("GET http://other:80/p?q HTTP/1.1\r\nHost: a\r\n\r\n").parser.head().target(), "/p?q");
  EXPECT_EQ(Parsed("GET HTTPS://other HTTP/1.1\r\nHost: a\r\n\r\n").parser.head().target(), "");
  EXPECT_EQ(Parsed("GET http://other?q HTTP/1.1\r\nHost: a\r\n\r\n").parser.head().target(), "?q");
  EXPECT_EQ(Parsed("GET http://Other:81/ HTTP/1.1\r\nHost: a\r\n\r\n").parser.head().host, "other");
  EXPECT_EQ(Parsed("GET http://Other:81/ HTTP/1.1\r\nHost: a\r\n\r\n").parser.head().authority(), "Other:81");
  EXPECT_EQ(Parsed("GET http://other/ HTTP/1.0\r\n\r\n").parser.head().host, "other");
  EXPECT_EQ(Parsed("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n").parser.head().target(), "*");
}

TEST(RequestParser, framing_and_keep_alive) {
  EXPECT_EQ(Parsed(request("Content-Length: 0\r\n")).parser.head().body(), BodyKind::kNone);
  EXPECT_EQ(Parsed(request("Content-Length: 7\r\n")).parser.head().length, 7u);
  EXPECT_EQ(Parsed(request("Content-Length: 7\r\nContent-Length: 7\r\n")).parser.head().length, 7u);
  EXPECT_EQ(Parsed(request("Transfer-Encoding: CHUNKED\r\n")).parser.head().body(), BodyKind::kChunked);
  EXPECT_EQ(Parsed(request("Transfer-Encoding: ,chunked,\r\n")).parser.head().body(), BodyKind::kChunked);
  EXPECT_FALSE(Parsed(request("Connection: Close\r\n")).parser.keep_alive());
  EXPECT_FALSE(Parsed(request("Connection: keep-alive\r\nConnection: x, close\r\n")).parser.keep_alive());
  EXPECT_FALSE(Parsed("GET / HTTP/1.0\r\nHost: a\r\n\r\n").parser.keep_alive());
  EXPECT_TRUE(Parsed("GET / HTTP/1.0\r\nHost: a\r\nConnection: Keep-Alive\r\n\r\n").parser.keep_alive());
}

TEST(RequestParser, higher_minor_versions_are_handled_as_1_1) {
  for (const char minor : {'1', '2', '9'}) {
    const std::string line = std::string("GET / HTTP/1.") + minor + "\r\n";
    EXPECT_FALSE(Parsed(line + "Host: a\r\n\r\n").parser.http_1_0());
    EXPECT_TRUE(Parsed(line + "Host: a\r\n\r\n").parser.keep_alive());
  }
}

TEST(RequestParser, expectations) {
  EXPECT_EQ(Parsed(request("")).parser.head().expectation, Expectation::kNone);
  EXPECT_EQ(Parsed(request("Expect:\r\n")).parser.head().expectation, Expectation::kNone);
  EXPECT_EQ(Parsed(request("Expect: 100-Continue\r\n")).parser.head().expectation, Expectation::kContinue);
  EXPECT_EQ(Parsed(request("Expect: whatever\r\n")).parser.head().expectation, Expectation::kUnsupported);
  EXPECT_EQ(Parsed(request("Expect: 100 continue\r\n")).parser.head().expectation, Expectation::kMalformed);
}

TEST(RequestParser, upgrades) {
  EXPECT_TRUE(Parsed(request("Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n")).parser.head().wants_upgrade);
  EXPECT_FALSE(Parsed(request("Upgrade: websocket\r\n")).parser.head().wants_upgrade);
  EXPECT_FALSE(Parsed(request("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n")).parser.head().wants_upgrade);
  EXPECT_FALSE(
      Parsed("GET / HTTP/1.0\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n").parser.head().wants_upgrade);
}

TEST(RequestParser, connection_cannot_remove_what_frames_or_routes) {
  const Parsed parsed(
      request("Connection: Host, Content-Length, X-Forwarded-For, Foo\r\nContent-Length: 3\r\n"
              "X-Forwarded-For: 1.2.3.4\r\nFoo: 1\r\nfoo: 2\r\n"));
  ASSERT_EQ(parsed.progress, Progress::kDone);
  std::string removed;
  for (const Field& field : parsed.parser.head().fields)
    if (field.named_in_connection) removed += std::string(parsed.parser.head().text(field.name)) + " ";
  EXPECT_EQ(removed, "Foo foo ");
}

TEST(RequestParser, a_long_connection_list_is_refused) {
  std::string options = "Connection: a";
  for (int i = 0; i < 64; ++i) options += ",b";
  EXPECT_EQ(error_of(request(options + "\r\n")), HeadError::kBadConnection);
}

TEST(RequestParser, knows_the_host_when_a_later_line_is_bad) {
  const Parsed parsed("GET /x HTTP/1.1\r\nHost: a.example\r\nBad Line\r\n\r\n");
  EXPECT_EQ(parsed.progress, Progress::kError);
  EXPECT_EQ(parsed.parser.head().host, "a.example");
  EXPECT_EQ(parsed.parser.head().target(), "/x");
}

TEST(Host, is_lower_cased_and_split_from_its_port) {
  Host host;
  EXPECT_TRUE(host.parse("WWW.Example.com:443"));
  EXPECT_EQ(host.name(), "www.example.com");
  EXPECT_TRUE(host.parse("[2001:DB8::1]:8080"));
  EXPECT_EQ(host.name(), "[2001:db8::1]");
  EXPECT_TRUE(host.parse("a:"));
  EXPECT_TRUE(host.parse(std::string(255, 'a')));
  EXPECT_FALSE(host.parse(std::string(256, 'a')));
  EXPECT_TRUE(host.empty());
}

/// A name is read by 16 bytes at once, so a bad byte could hide at some place of some length.
TEST(Host, every_byte_at_every_place_is_taken_lower_cased_or_refused) {
  const std::string_view in_names = "0123456789abcdefghijklmnopqrstuvwxyz-._~";
  for (const std::size_t size : {1U, 2U, 3U, 4U, 7U, 8U, 15U, 16U, 17U, 31U, 32U, 33U, 255U}) {
    for (std::size_t at = 0; at < size; ++at) {
      for (int byte = 0; byte < 256; ++byte) {
        std::string text(size, 'x');
        text[at] = static_cast<char>(byte);
        if (byte == ':' || byte == '[') continue;  // ports and addresses have tests of their own
        std::string lower = text;
        lower[at] = to_lower(text[at]);
        Host host;
        const bool good = in_names.find(lower[at]) != std::string_view::npos;
        ASSERT_EQ(host.parse(text), good) << size << " " << at << " " << byte;
        ASSERT_EQ(host.name(), good ? lower : "") << size << " " << at << " " << byte;
      }
    }
  }
}

}  // namespace
}  // namespace sluice::router::http1
