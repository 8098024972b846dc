#include "logplex/net/http/http_client.hpp"

#include <boost/asio/error.hpp>

#include "logplex/net/http/http_reply_parser.hpp"

namespace sluice {
namespace {

constexpr std::size_t kReadSize = 4 << 10;

Error failure(NetError code, std::string sentence) { return {code, std::move(sentence)}; }

Error unreadable(error_code why) {
  if (why == NetError::kMalformed) return failure(NetError::kMalformed, "the answer is not valid HTTP");
  if (why == NetError::kClosed)
    return failure(NetError::kClosed, "the connection ended before the answer was complete");
  return {why, "the head of the answer is too large"};
}

}  // namespace

bool HttpClient::reusable() const { return !broken_ && stream_->is_quiet(); }

Task<result<HttpReply, Error>> HttpClient::exchange(std::string_view head, std::string_view body, Duration timeout) {
  const std::array<std::string_view, 2> request{head, body};
  auto reply = co_await exchange(request, timeout);
  co_return std::move(reply);
}

Task<result<HttpReply, Error>> HttpClient::exchange(std::span<const std::string_view> request, Duration timeout) {
  CloseAfter limit(*stream_, timeout);
  broken_ = true;
  ++exchanges_;
  const auto sent = co_await stream_->write_parts(request);
  if (limit.fired()) co_return failure(NetError::kTimedOut, "the request could not be sent in time");
  // A server may answer and close before it has read the whole request: its answer may still be readable.
  if (sent.has_error() && sent.error() == asio::error::operation_aborted)
    co_return failure(NetError::kClosed, "the connection was closed");
  auto reply = co_await read_reply();
  if (limit.fired() && !reply) co_return failure(NetError::kTimedOut, "no answer in time");
  if (sent.has_error() && reply) reply->keep_alive = false;
  if (!reply) co_return reply.error();
  broken_ = !reply->keep_alive;
  co_return std::move(*reply);
}

Task<result<HttpReply, Error>> HttpClient::read_reply() {
  std::string in;
  for (;;) {
    HttpReply reply;
    HttpReplyParser parser(reply);
    while (!parser.done()) {
      const auto taken = parser.feed(in);
      if (!taken) co_return unreadable(taken.error());
      in.erase(0, *taken);
      if (parser.done()) break;
      const auto ended = co_await read_into(in);
      if (!ended) continue;
      if (ended == NetError::kTlsCertificate) co_return Error{ended, {}};
      const auto complete = parser.feed_end();
      if (!complete) co_return unreadable(complete.error());
    }
    if (reply.status / 100 == 1 && reply.status != 101) continue;
    reply.keep_alive = parser.keep_alive() && in.empty();
    co_return reply;
  }
}

/// Returns an error at the end of the stream, or when it broke.
Task<error_code> HttpClient::read_into(std::string& in) {
  const auto old = in.size();
  in.resize(old + kReadSize);
  const auto got = co_await stream_->read_some(std::span(in.data() + old, kReadSize));
  in.resize(old + (got ? *got : 0));
  co_return got.error();
}

}  // namespace sluice
