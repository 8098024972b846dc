#include "drains/http_transport.hpp"

#include <algorithm>
#include <charconv>
#include <ctime>

#include "logplex/net/authorization.hpp"

namespace sluice {
namespace {

constexpr std::string_view kLineEnd = "\r\n";

void append_header(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append(kLineEnd);
}

bool sets_authorization(const Drain& drain) {
  return std::any_of(drain.headers.begin(), drain.headers.end(),
                     [](const auto& header) { return equal_ignoring_case(header.first, "Authorization"); });
}

std::string start_of_head(const Drain& drain, const Destination& destination) {
  const Url& url = destination.url;
  std::string head = "POST " + url.target() + " HTTP/1.1\r\n";
  append_header(head, "Host", url.bracketed_host() + (url.port == 0 ? "" : ":" + std::to_string(url.port)));
  if (url.has_userinfo && !sets_authorization(drain))
    append_header(head, "Authorization", basic_authorization(url.user, url.password));
  append_header(head, "Content-Type", drain.format == "ndjson" ? "application/x-ndjson" : "application/logplex-1");
  return head;
}

std::string middle_of_head(const Drain& drain, const std::string& user_agent) {
  std::string head;
  append_header(head, "Logplex-Drain-Token", drain_token_text(drain));
  append_header(head, "User-Agent", user_agent);
  for (const auto& [name, value] : drain.headers)
    if (!is_reserved_header(name)) append_header(head, name, value.reveal());
  return head;
}

}  // namespace

HttpTransport::HttpTransport(const DrainEnvironment& environment, const Drain& drain, Destination destination)
    : link_(environment, drain, std::move(destination),
            {environment.settings.http_connect_timeout, environment.settings.http_idle_timeout}),
      head_start_(start_of_head(drain, link_.destination())),
      head_middle_(middle_of_head(drain, environment.user_agent)) {
  if (!drain.secret.empty()) signer_.emplace(drain.secret);
}

std::string HttpTransport::head_of(const Frame& frame) const {
  std::string head = head_start_;
  append_header(head, "Logplex-Msg-Count", std::to_string(frame.messages()));
  append_header(head, "Logplex-Frame-Id", frame.id_text());
  head += head_middle_;
  if (signer_) signer_->append_headers(head, frame.id_text(), link_.shard().wall_now(), frame.bytes());
  append_header(head, "Content-Length", std::to_string(frame.bytes().size()));
  return head += kLineEnd;
}

bool HttpTransport::reusable() const {
  return connection_ != nullptr && connection_->reusable() && !link_.is_idle() && !link_.is_old();
}

Task<SendReport> HttpTransport::send(const Frame& frame) {
  Reply reply = co_await attempt(frame);
  if (!reply) {
    close();
    co_return failed_attempt(reply.error());
  }
  link_.touch();
  co_return judge(*reply);
}

/// A server may close a kept connection in the moment in which we use it again. That is no failure of the receiver.
Task<HttpTransport::Reply> HttpTransport::attempt(const Frame& frame) {
  if (reusable()) {
    Reply reply = co_await exchange(frame);
    if (reply || reply.error().code != NetError::kClosed || connection_ == nullptr) co_return std::move(reply);
  }
  close();
  auto stream = co_await link_.dial();
  if (!stream) co_return stream.error();
  connection_ = std::make_unique<HttpConnection>(std::move(*stream));
  Reply reply = co_await exchange(frame);
  co_return std::move(reply);
}

Task<HttpTransport::Reply> HttpTransport::exchange(const Frame& frame) {
  const std::string head = head_of(frame);
  const Duration timeout = link_.environment().settings.http_timeout;
  Reply reply = co_await connection_->exchange(head, frame.bytes(), timeout);
  co_return std::move(reply);
}

SendReport HttpTransport::judge(const HttpReply& reply) {
  SendReport report;
  report.http_status = reply.status;
  if (!reply.keep_alive) close();
  if (reply.status / 100 == 2) {
    report.verdict = Verdict::kDelivered;
    return report;
  }
  report.error_class = "http";
  report.error = "the receiver answered " + std::to_string(reply.status);
  if (reply.status / 100 == 4 && reply.status != 429) {
    report.verdict = reply.status == 413 ? Verdict::kSplit : Verdict::kRejected;
    return report;
  }
  report.verdict = Verdict::kRetry;
  if (const std::string* after = reply.header("Retry-After"))
    report.retry_after = parse_retry_after(*after, link_.shard().wall_now());
  close();
  return report;
}

void HttpTransport::tend() {
  if (connection_ != nullptr && !reusable()) close();
}

/// Without destroying it: an exchange may be under way, and ends now.
void HttpTransport::close() {
  if (connection_ != nullptr) connection_->close();
}

Duration parse_retry_after(std::string_view value, WallTime now) {
  std::uint32_t seconds = 0;
  const char* end = value.data() + value.size();
  if (const auto [at, failed] = std::from_chars(value.data(), end, seconds); failed == std::errc() && at == end)
    return std::chrono::seconds(seconds);
  std::tm date{};
  const std::string text(value);
  const char* rest = ::strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &date);
  if (rest == nullptr || *rest != '\0') return {};
  const WallTime when{std::chrono::seconds(::timegm(&date))};
  return std::max<Duration>(when - now, Duration::zero());
}

}  // namespace sluice
