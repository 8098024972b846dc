#include "logplex/ingress/log_post.hpp"

#include <algorithm>
#include <charconv>

#include "logplex/base/metrics.hpp"
#include "logplex/ingress/turn_share.hpp"
#include "logplex/net/authorization.hpp"
#include "logplex/net/secret_hash.hpp"
#include "logplex/runtime/event.hpp"
#include "logplex/wire/error.hpp"
#include "logplex/wire/frame_splitter.hpp"
#include "logplex/wire/gzip.hpp"
#include "logplex/wire/syslog_parse.hpp"

namespace sluice {
namespace {

/// Most bytes of gzip taken at once: they unpack to about a share of a turn at most.
constexpr std::size_t kPackedPiece = 128;
/// What a frame costs beside its bytes, as so many bytes of unpacking (2026-11-23: 1 ns each).
constexpr std::size_t kSplitCost = 16;
constexpr std::size_t kAppendCost = 256;

constexpr const char* kUnauthorized = "Not Authorized";
constexpr const char* kNotPermitted = "Credential not permitted to write to any channel.";
constexpr const char* kBadRequest = "Bad request";
constexpr const char* kMalformed = "Malformed log messages";
constexpr const char* kCountMismatch = "Message count mismatch";
constexpr const char* kTooLarge = "Request body too large";
constexpr const char* kWrongType = "Content-Type must be application/logplex-1";

HttpResponse text_answer(int status, std::string body) {
  HttpResponse response;
  response.status = status;
  response.headers = {{"Content-Type", "text/plain; charset=utf-8"}};
  response.body = std::move(body);
  return response;
}

/// Logplex puts the sentence into the reason phrase too, and clients of it look there.
HttpResponse refusal_answer(int status, std::string text) {
  HttpResponse response = text_answer(status, text);
  response.reason = std::move(text);
  if (status == 400 || status == 401 || status == 403)
    response.headers.emplace_back("WWW-Authenticate", "Basic realm=Logplex");
  return response;
}

/// Whether Logplex-Msg-Count, when there is one, is this number.
bool agrees(const std::string* expected, std::uint64_t frames) {
  if (expected == nullptr) return true;
  std::uint64_t count = 0;
  const char* end = expected->data() + expected->size();
  const auto [stop, failed] = std::from_chars(expected->data(), end, count);
  return failed == std::errc{} && stop == end && count == frames;
}

}  // namespace

Task<void> LogPost::handle(HttpExchange& exchange) {
  const HttpRequest& request = exchange.request();
  const bool logs = request.path == "/logs" || request.path == "/logs/";
  const bool reads = request.method == "GET" || request.method == "HEAD";
  if (logs && request.method == "POST") {
    co_await take_logs(exchange);
    co_return;
  }
  HttpResponse response;
  if (logs) {
    response = refusal_answer(405, "Method Not Allowed");
    response.headers.emplace_back("Allow", "POST");
  } else if (request.path == "/healthcheck" && reads) {
    response = text_answer(200, "OK");
  } else {
    response = text_answer(404, "Not found");
  }
  co_await answer(exchange, std::move(response));
}

Task<void> LogPost::take_logs(HttpExchange& exchange) {
  auto sender = authenticate(exchange.request());
  if (!sender) {
    co_await refuse(exchange, std::move(sender).error());
    co_return;
  }
  auto body = co_await read_frames(exchange);
  if (!body) {
    co_await refuse(exchange, std::move(body).error());
    co_return;
  }
  // Looked up again: the token may have been revoked while the body came.
  std::optional<TokenEntry> token;
  if (sender->token) {
    if (const TokenEntry* entry = intake_.config().token(*sender->token)) token = *entry;
  }
  if (sender->token && !token) {
    Refusal refusal{401, kUnauthorized};
    co_await refuse(exchange, std::move(refusal));
    co_return;
  }
  const Duration delay = co_await append_all(std::move(token), *body);
  co_await intake_.fabric().settled();
  if (delay > Duration{0}) co_await sleep_for(delay);
  HttpResponse accepted;
  accepted.status = 204;
  co_await answer(exchange, std::move(accepted));
}

/// The whole body, unpacked and checked to the last frame.
Task<boost::system::result<std::string, LogPost::Refusal>> LogPost::read_frames(HttpExchange& exchange) {
  const HttpRequest& request = exchange.request();
  if (auto refusal = check_content_type(request)) co_return std::move(*refusal);
  auto read = co_await exchange.read_body(settings_.body_max);
  if (!read) {
    const bool too_large = read.error() == NetError::kBodyTooLarge;
    co_return Refusal{too_large ? 413 : 400, too_large ? kTooLarge : kBadRequest};
  }
  std::string body = std::move(*read);
  const std::string* encoding = request.header("Content-Encoding");
  if (encoding != nullptr && equal_ignoring_case(*encoding, "gzip")) {
    auto text = co_await unpacked(std::move(body));
    if (!text) co_return std::move(text).error();
    body = std::move(*text);
  }
  auto refusal = co_await check_frames(request, body);
  if (refusal) co_return std::move(*refusal);
  co_return body;
}

boost::system::result<LogPost::Sender, LogPost::Refusal> LogPost::authenticate(const HttpRequest& request) const {
  const Refusal unauthorized{401, kUnauthorized};
  const std::string* header = request.header("Authorization");
  const auto given = header == nullptr ? std::nullopt : Authorization::parse(*header);
  if (!given || given->user.empty()) return unauthorized;
  const ConfigSnapshot& config = intake_.config();
  if (given->user == "token" && given->secret.starts_with("t.")) {
    const auto token = parse_token(given->secret);
    if (!token || config.token(*token) == nullptr) return unauthorized;
    return Sender{token};
  }
  const Credential* credential = config.credential(given->user);
  if (credential == nullptr || !credential->hash || !same_hash(*credential->hash, hash_secret(given->secret)))
    return unauthorized;
  if (!credential->any_channel) return Refusal{403, kNotPermitted};
  return Sender{};
}

std::optional<LogPost::Refusal> LogPost::check_content_type(const HttpRequest& request) const {
  const std::string* type = request.header("Content-Type");
  if (type != nullptr) {
    const auto media_type = std::string_view(*type).substr(0, type->find(';'));
    const auto end = media_type.find_last_not_of(' ');
    const auto trimmed = media_type.substr(0, end == std::string_view::npos ? 0 : end + 1);
    if (equal_ignoring_case(trimmed, "application/logplex-1") ||
        equal_ignoring_case(trimmed, "application/x-logplex-1"))
      return std::nullopt;
  }
  return Refusal{415, kWrongType};
}

/// In small pieces: gzip packs a megabyte into one kilobyte.
Task<boost::system::result<std::string, LogPost::Refusal>> LogPost::unpacked(std::string body) {
  GzipReader reader(settings_.body_max.count);
  TurnShare share(Shard::current());
  std::string text;
  for (std::string_view left = body; !left.empty();) {
    const std::string_view piece = left.substr(0, kPackedPiece);
    left.remove_prefix(piece.size());
    const std::size_t before = text.size();
    const auto fed = reader.feed(piece, text);
    if (!fed && fed.error() == WireError::kTooLarge) co_return Refusal{413, kTooLarge};
    if (!fed) co_return Refusal{400, kBadRequest};
    if (share.used_up(piece.size() + text.size() - before)) co_await share.next_turn();
  }
  if (!reader.finish()) co_return Refusal{400, kBadRequest};
  co_return text;
}

/// Looks at all of it before anything is taken, so that a refused request has left nothing behind.
Task<std::optional<LogPost::Refusal>> LogPost::check_frames(const HttpRequest& request, std::string_view body) {
  FrameSplitter splitter(settings_.frame_max.count);
  splitter.feed(body);
  TurnShare share(Shard::current());
  std::uint64_t frames = 0;
  auto step = splitter.next();
  for (; step == FrameSplitter::Step::kFrame; step = splitter.next()) {
    ++frames;
    if (share.used_up(kSplitCost)) co_await share.next_turn();
  }
  if (step == FrameSplitter::Step::kMalformed || !splitter.at_boundary()) co_return Refusal{400, kMalformed};
  if (!agrees(request.header("Logplex-Msg-Count"), frames)) co_return Refusal{400, kCountMismatch};
  co_return std::nullopt;
}

/// So slowly that a large body never outruns the owners of its channels. `body` outlives the call. Returns how long to
/// wait with the answer.
Task<Duration> LogPost::append_all(std::optional<TokenEntry> token, std::string_view body) {
  FrameSplitter splitter(settings_.frame_max.count);
  splitter.feed(body);
  TurnShare share(Shard::current());
  const std::size_t portion = intake_.fabric().outbox_portion();
  std::size_t appended = 0;
  Duration delay{0};
  while (splitter.next() == FrameSplitter::Step::kFrame) {
    const std::string_view frame = splitter.frame();
    if (token) {
      intake_.append_as(*token, frame);
    } else {
      intake_.append_addressed({&frame, 1});
    }
    appended += frame.size();
    if (!share.used_up(frame.size() + kAppendCost) && appended < portion) continue;
    appended = 0;
    delay = std::max(delay, intake_.take_delay());
    co_await share.next_turn();
    while (intake_.fabric().outbox_full()) co_await sleep_for(Wheel::kTick);
  }
  co_return std::max(delay, intake_.take_delay());
}

Task<void> LogPost::refuse(HttpExchange& exchange, Refusal refusal) {
  HttpResponse response = refusal_answer(refusal.status, std::move(refusal.text));
  co_await answer(exchange, std::move(response));
}

Task<void> LogPost::answer(HttpExchange& exchange, HttpResponse response) {
  ++answers_[response.status];
  co_await exchange.reply(std::move(response));
}

void LogPost::add_metrics(MetricsPage& page) const {
  for (const auto& [status, count] : answers_) {
    page.counter("sluice_ingress_http_answers_total", "Answers of the HTTP ingress by status.",
                 static_cast<double>(count), {{"status", std::to_string(status)}});
  }
}

}  // namespace sluice
