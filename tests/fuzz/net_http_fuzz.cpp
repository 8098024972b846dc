// The first byte is a piece size, the second says what the rest is: a request, an answer or a URL. Where messages are
// cut must change nothing; what a URL's parts are must be found again in its own text.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "logplex/net/http/http_reply_parser.hpp"
#include "logplex/net/http/http_request_parser.hpp"
#include "logplex/net/url.hpp"

using namespace sluice;

namespace {

std::string describe(const HttpHeaders& headers) {
  std::string text;
  for (const auto& [name, value] : headers) text += name + "=" + value + "\n";
  return text;
}

std::string request_outcome(std::string_view input, std::size_t piece) {
  HttpRequestParser parser(Bytes{512});
  std::string in;
  std::string body;
  for (std::size_t at = 0; at < input.size() && !parser.body_done(); at += piece) {
    in += input.substr(at, piece);
    if (!parser.head_done()) in.erase(0, parser.feed_head(in));
    if (parser.refusal()) return std::to_string(parser.refusal()->status);
    if (!parser.head_done()) continue;
    const auto taken = parser.feed_body(in, body);
    if (!taken) return "malformed body";
    in.erase(0, *taken);
  }
  if (!parser.head_done()) return "open";
  HttpRequest request;
  parser.take_head(request);
  return request.method + " " + request.target + " " + request.path + "\n" + describe(request.headers) + "\n" + body +
         (parser.body_done() ? " done" : " open");
}

std::string reply_outcome(std::string_view input, std::size_t piece) {
  HttpReply reply;
  HttpReplyParser parser(reply);
  std::string in;
  for (std::size_t at = 0; at < input.size() && !parser.done(); at += piece) {
    in += input.substr(at, piece);
    const auto taken = parser.feed(in);
    if (!taken) return "error " + taken.error().message();
    in.erase(0, *taken);
  }
  return std::to_string(reply.status) + describe(reply.headers) + "\n" + reply.body +
         (parser.done() ? " done" : " open");
}

void check_url(std::string_view input) {
  const auto url = parse_url(input);
  if (!url) return;
  if (url->host.empty() || url->scheme.empty()) std::abort();
  const std::string again = url->scheme + "://" + url->bracketed_host() +
                            (url->port == 0 ? "" : ":" + std::to_string(url->port)) + url->target();
  const auto second = parse_url(again);
  if (second && (second->host != url->host || second->port != url->port || second->target() != url->target()))
    std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size < 3) return 0;
  const std::size_t piece = std::max<std::size_t>(1, bytes[0]);
  const std::string_view input(reinterpret_cast<const char*>(bytes) + 2, size - 2);
  if (bytes[1] % 3 == 2) {
    check_url(input);
    return 0;
  }
  const auto outcome = bytes[1] % 3 == 0 ? &request_outcome : &reply_outcome;
  const std::string whole = outcome(input, input.size());
  if (outcome(input, piece) != whole || outcome(input, 1) != whole) std::abort();
  return 0;
}
