#include "drains/http/http_transport.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>

#include <fmt/format.h>

#include "logplex/net/http/authorization.hpp"

namespace sluice::drains {
namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::chrono::hours kLongestRetryAfter{24};

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

std::string middle_of_head(const Drain& drain, const DrainEnvironment& environment) {
  std::string head;
  append_header(head, "Logplex-Drain-Token", drain_token_text(drain));
  append_header(head, "User-Agent", environment.user_agent);
  // If the lines come back to us by any path, our ingress recognises them by this header.
  if (environment.own.log != 0) append_header(head, "Sluice-Origin", fmt::format("{:016x}", environment.own.log));
  for (const auto& [name, value] : drain.headers)
    if (!is_reserved_header(name)) append_header(head, name, value.reveal());
  return head;
}

/// 4xx statuses that are worth a retry: Request Timeout, Too Early, Too Many Requests.
bool is_temporary(int status) { return status == 408 || status == 425 || status == 429; }

/// The receiver, or a gateway in front of it, timed out while it read the frame or processed it.
bool says_too_slow(int status) { return status == 408 || status == 504; }

/// RFC 9110, 5.6.7: the current format (IMF-fixdate), that of RFC 850, and that of asctime.
std::optional<WallTime> http_date(const std::string& text, WallTime now) {
  constexpr const char* kForms[] = {"%a, %d %b %Y %H:%M:%S GMT", "%a, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y"};
  for (const char* form : kForms) {
    std::tm date{};
    const char* rest = ::strptime(text.c_str(), form, &date);
    if (rest == nullptr || *rest != '\0') continue;
    WallTime when{std::chrono::seconds(::timegm(&date))};
    // A two-digit year that seems more than 50 years in the past belongs to the next century.
    const bool short_year = form == kForms[1];
    if (short_year && when < now - std::chrono::years(50)) when += std::chrono::years(100);
    return when;
  }
  return std::nullopt;
}

}  // namespace

HttpTransport::HttpTransport(const DrainEnvironment& environment, const Drain& drain, Destination destination,
                             std::optional<BodySigner> signer)
    : link_(environment, drain, std::move(destination),
            {environment.settings.http_connect_timeout, environment.settings.http_idle_timeout}),
      head_start_(start_of_head(drain, link_.destination())),
      head_middle_(middle_of_head(drain, environment)),
      signer_(std::move(signer)),
      own_(environment.own) {}

/// Appends the id of the data set that we share with other nodes, and the logs that the lines passed before.
void HttpTransport::append_ways(const Frame& frame) {
  const std::uint64_t data_set = own_.shared();
  if (data_set == 0 && frame.ways().empty()) return;
  std::string value = frame.ways().text();
  if (data_set != 0) value.insert(0, fmt::format("{:016x}{}", data_set, value.empty() ? "" : ";"));
  append_header(head_of_frame_, "Sluice-Passed", value);
}

void HttpTransport::write_head(const Frame& frame) {
  head_of_frame_.assign(head_start_);
  append_header(head_of_frame_, "Logplex-Msg-Count", std::to_string(frame.messages()));
  append_header(head_of_frame_, "Logplex-Frame-Id", frame.id_text());
  append_ways(frame);
  head_end_.clear();
  if (signer_) signer_->append_headers(head_end_, frame.id_text(), link_.shard().wall_now(), frame.bytes());
  append_header(head_end_, "Content-Length", std::to_string(frame.bytes().size()));
  head_end_ += kLineEnd;
}

bool HttpTransport::reusable() const {
  return connection_ != nullptr && connection_->reusable() && !link_.is_idle() && !link_.is_old();
}

Task<SendReport> HttpTransport::send(const Frame& frame) {
  Reply reply = co_await attempt(frame);
  if (!reply) {
    close();
    SendReport report = failed_attempt(reply.error());
    report.smaller = too_slow_;
    co_return report;
  }
  link_.touch();
  co_return judge(*reply);
}

/// True if a reused connection turns out to be closed: a server may close it just as we use it again, which is no
/// failure of the receiver.
bool HttpTransport::is_stale(const Reply& reply) const {
  constexpr int kRequestTimeout = 408;
  return reply ? reply->status == kRequestTimeout : reply.error().code == NetError::kClosed;
}

Task<HttpTransport::Reply> HttpTransport::attempt(const Frame& frame) {
  const std::uint64_t closings = closings_;
  if (reusable()) {
    Reply reply = co_await exchange(frame);
    if (!is_stale(reply) || closings != closings_) co_return std::move(reply);
  }
  if (connection_ != nullptr) connection_->close();
  too_slow_ = false;
  auto stream = co_await link_.dial();
  if (!stream) co_return stream.error();
  connection_ = std::make_unique<HttpClient>(std::move(*stream));
  Reply reply = co_await exchange(frame);
  co_return std::move(reply);
}

Task<HttpTransport::Reply> HttpTransport::exchange(const Frame& frame) {
  write_head(frame);
  const std::array<std::string_view, 4> request{head_of_frame_, head_middle_, head_end_, frame.bytes()};
  const Duration timeout = link_.environment().settings.http_timeout;
  Reply reply = co_await connection_->exchange(request, timeout);
  too_slow_ = !reply && reply.error().code == NetError::kTimedOut;
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
  report.error_class = ErrorClass::kHttp;
  report.error = "the receiver answered " + std::to_string(reply.status);
  if (reply.status / 100 == 4 && !is_temporary(reply.status)) {
    report.verdict = reply.status == 413 ? Verdict::kSplit : Verdict::kRejected;
    return report;
  }
  report.verdict = Verdict::kRetry;
  report.smaller = says_too_slow(reply.status);
  if (const std::string* after = reply.header("Retry-After"))
    report.retry_after = parse_retry_after(*after, link_.shard().wall_now());
  close();
  return report;
}

void HttpTransport::tend() {
  if (connection_ != nullptr && !reusable()) close();
}

/// Does not destroy the connection: an exchange may be under way, and ends now.
void HttpTransport::close() {
  ++closings_;
  link_.give_up_dial();
  if (connection_ != nullptr) connection_->close();
}

Duration parse_retry_after(std::string_view value, WallTime now) {
  const bool digits =
      !value.empty() && std::all_of(value.begin(), value.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (digits) {
    std::uint32_t seconds = 0;
    const auto [end, failed] = std::from_chars(value.data(), value.data() + value.size(), seconds);
    if (failed != std::errc()) return kLongestRetryAfter;
    return std::min<Duration>(std::chrono::seconds(seconds), kLongestRetryAfter);
  }
  const auto when = http_date(std::string(value), now);
  if (!when || *when <= now) return {};
  // Compare before subtracting: the difference could overflow nanoseconds.
  return *when > now + kLongestRetryAfter ? Duration(kLongestRetryAfter) : Duration(*when - now);
}

}  // namespace sluice::drains
