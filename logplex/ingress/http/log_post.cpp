#include "logplex/ingress/http/log_post.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "logplex/base/metrics.hpp"
#include "logplex/ingress/http/log_body.hpp"
#include "logplex/ingress/line_ways.hpp"
#include "logplex/net/http/authorization.hpp"
#include "logplex/wire/error.hpp"
#include "logplex/wire/gzip.hpp"

namespace sluice::ingress {
namespace {

/// Bytes of gzip unpacked at once: they give at most about a share of a turn.
constexpr std::size_t kPackedPiece = 128;
// Costs beside the bytes themselves, in bytes of unpacking (1 ns each).
constexpr std::size_t kPackedCost = 1024;    // a piece of gzip may hold six members
constexpr std::size_t kReadCost = 16 << 10;  // a read; its bytes may have come in chunks of one byte
constexpr std::size_t kGzipState = 48 << 10;

constexpr const char* kBadRequest = "Bad request";
constexpr const char* kMalformed = "Malformed log messages";
constexpr const char* kCountMismatch = "Message count mismatch";
constexpr const char* kTooLarge = "Request body too large";
constexpr const char* kWrongType = "Content-Type must be application/logplex-1";
constexpr const char* kWrongEncoding = "Content-Encoding must be gzip, or left out";

using MaybeRefused = std::optional<Refused>;

HttpResponse text_answer(int status, std::string body) {
  HttpResponse response;
  response.status = status;
  response.headers = {{"Content-Type", "text/plain; charset=utf-8"}};
  response.body = std::move(body);
  return response;
}

int status_of(Refusal why) {
  switch (why) {
    case Refusal::kUnauthorized:
      return 401;
    case Refusal::kForbidden:
      return 403;
    case Refusal::kNotFound:
      return 404;
    case Refusal::kTimeout:
      return 408;
    case Refusal::kTooLarge:
      return 413;
    case Refusal::kEncoding:
      return 415;
    case Refusal::kMemory:
      return 503;
    case Refusal::kLoop:
      return 204;
    default:
      return 400;
  }
}

/// Logplex puts the sentence into the reason phrase too, and its clients look there.
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

/// The media type is one of application/logplex-1's names; parameters are ignored.
bool is_log_type(const std::string* type) {
  if (type == nullptr) return false;
  const auto media_type = std::string_view(*type).substr(0, type->find(';'));
  const auto end = media_type.find_last_not_of(' ');
  const auto trimmed = media_type.substr(0, end == std::string_view::npos ? 0 : end + 1);
  return equal_ignoring_case(trimmed, "application/logplex-1") ||
         equal_ignoring_case(trimmed, "application/x-logplex-1");
}

enum class Coding : std::uint8_t { kPlain, kGzip, kUnknown };

Coding coding_of(const HttpRequest& request) {
  Coding found = Coding::kPlain;
  std::size_t given = 0;
  for (const auto& [name, value] : request.headers) {
    if (!equal_ignoring_case(name, "Content-Encoding")) continue;
    ++given;
    const bool packed = equal_ignoring_case(value, "gzip") || equal_ignoring_case(value, "x-gzip");
    const bool plain = value.empty() || equal_ignoring_case(value, "identity");
    found = packed ? Coding::kGzip : plain ? Coding::kPlain : Coding::kUnknown;
  }
  return given > 1 ? Coding::kUnknown : found;
}

MaybeRefused check_type(const HttpRequest& request) {
  if (!is_log_type(request.header("Content-Type"))) return Refused{Refusal::kEncoding, kWrongType};
  if (coding_of(request) == Coding::kUnknown) return Refused{Refusal::kEncoding, kWrongEncoding};
  return std::nullopt;
}

/// With an API key, the query names channel and source: /logs?channel=shop&source=app.
boost::system::result<Writer, Refused> authenticate(const HttpRequest& request, const Intake& intake) {
  const std::string* header = request.header("Authorization");
  const auto shown = header == nullptr ? std::nullopt : Authorization::parse(*header);
  Credentials given;
  given.channel_example = "/logs?channel=NAME";
  if (shown) given.user = shown->user;
  if (shown) given.secret = shown->secret;
  if (const std::string* channel = request.query_value("channel")) given.channel = *channel;
  if (const std::string* source = request.query_value("source")) given.source = *source;
  return intake.authenticate(given);
}

Refused of_error(const error_code& error) {
  if (error == NetError::kBodyTooLarge) return {Refusal::kTooLarge, kTooLarge};
  if (error == boost::system::errc::not_enough_memory) return refused_for_memory();
  if (error == NetError::kTimedOut) return {Refusal::kTimeout, "Request Timeout"};
  return {Refusal::kMalformed, kBadRequest};
}

}  // namespace

struct LogPost::Reading final : PendingLines::Listener {
  Reading(HttpExchange& e, Intake& intake, const Writer& writer, const IngressSettings& settings, bool packed)
      : exchange(e),
        gzip(packed ? std::make_unique<GzipReader>(settings.body_max.count) : nullptr),
        body(intake, writer, this, settings.frame_max.count, packed ? kGzipState : 0),
        share(Shard::current()) {}
  void on_given_up() override { exchange.stop_reading(); }
  void fail_malformed() {
    fault = Refused{Refusal::kMalformed, kMalformed};
    body.batch().discard();
  }
  void fail_unpacking(const error_code& why) {
    if (why == WireError::kTooLarge)
      fault = Refused{Refusal::kTooLarge, kTooLarge};
    else if (!fault)
      fault = Refused{Refusal::kMalformed, kBadRequest};
    gzip.reset();
    body.batch().discard();
  }

  HttpExchange& exchange;
  std::unique_ptr<GzipReader> gzip;
  LogBody body;
  TurnShare share;
  MaybeRefused fault;  // if set, the rest of the body is read and discarded
};

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
  const HttpRequest& request = exchange.request();
  const auto writer = authenticate(request, intake_);
  if (!writer) {
    Refused refusal = writer.error();
    co_await refuse(exchange, std::move(refusal));
    co_return;
  }
  exchange.note_proven();
  auto ways = ways_of(request, *writer);
  if (!ways) {
    Refused nothing{Refusal::kLoop, {}};
    co_await refuse(exchange, std::move(nothing));
    co_return;
  }
  MaybeRefused refusal = check_type(request);
  if (!refusal) refusal = co_await take_body(exchange, *writer, coding_of(request) == Coding::kGzip, std::move(*ways));
  if (refusal) {
    co_await refuse(exchange, std::move(*refusal));
    co_return;
  }
  HttpResponse accepted;
  accepted.status = 204;
  co_await answer(exchange, std::move(accepted));
}

/// Reads the body to its end, then appends all of it or nothing.
Task<MaybeRefused> LogPost::take_body(HttpExchange& exchange, const Writer& writer, bool packed, LineWays ways) {
  Reading reading(exchange, intake_, writer, settings_, packed);
  reading.body.set_ways(std::move(ways));
  auto refusal = co_await read_all(exchange, reading);
  if (!refusal) refusal = co_await reading.body.batch().append();
  if (refusal || reading.body.loops() == 0) co_return std::move(refusal);
  intake_.refusals().note(Refusal::kLoop, exchange.request().peer);
  intake_.count_loops(reading.body.loops());
  co_return std::nullopt;
}

/// Finds lines that have been here before; these would come back for ever. None when all lines have.
std::optional<LineWays> LogPost::ways_of(const HttpRequest& request, const Writer& writer) const {
  PassedFields fields;
  for (const auto& [name, value] : request.headers) {
    if (equal_ignoring_case(name, "Sluice-Origin")) fields.add_origin(value);
    if (equal_ignoring_case(name, "Sluice-Passed")) fields.add_passed(value);
  }
  if (fields.empty()) return LineWays();
  const TokenEntry* entry = writer.token ? intake_.config().token(*writer.token) : nullptr;
  return LineWays::make(fields, intake_.own_ids(entry != nullptr ? entry->token.channel : writer.channel));
}

/// Reads even a malformed body to its end, so that the client reads the answer and the connection can stay.
Task<MaybeRefused> LogPost::read_all(HttpExchange& exchange, Reading& reading) {
  for (;;) {
    auto piece = co_await exchange.read_some(settings_.body_max);
    if (reading.body.batch().given_up()) co_return refused_for_memory();
    if (!piece) co_return of_error(piece.error());
    if (piece->empty()) break;
    co_await take_piece(reading, *piece);
    if (reading.fault && reading.fault->why == Refusal::kTooLarge) co_return std::move(*reading.fault);
    if (reading.share.used_up(kReadCost)) co_await reading.share.next_turn();
  }
  if (reading.fault) co_return std::move(*reading.fault);
  if (reading.gzip && !reading.gzip->finish()) co_return Refused{Refusal::kMalformed, kBadRequest};
  if (!reading.body.is_whole()) co_return Refused{Refusal::kMalformed, kMalformed};
  if (!agrees(exchange.request().header("Logplex-Msg-Count"), reading.body.frames()))
    co_return Refused{Refusal::kMalformed, kCountMismatch};
  co_return std::nullopt;
}

/// Unpacks gzip in small pieces, because one kilobyte may unpack to a megabyte.
Task<void> LogPost::take_piece(Reading& reading, std::string_view piece) {
  if (!reading.gzip) {
    co_await take_text(reading, piece);
    co_return;
  }
  std::string text;
  for (; !piece.empty(); piece.remove_prefix(std::min(piece.size(), kPackedPiece))) {
    text.clear();
    const auto fed = reading.gzip->feed(piece.substr(0, kPackedPiece), text);
    if (!fed) {
      reading.fail_unpacking(fed.error());
      co_return;
    }
    co_await take_text(reading, text);
    if (reading.share.used_up(kPackedCost + text.size())) co_await reading.share.next_turn();
  }
}

Task<void> LogPost::take_text(Reading& reading, std::string_view text) {
  while (!text.empty() && !reading.fault) {
    const std::string_view portion = text.substr(0, LogBody::kPortion);
    text.remove_prefix(portion.size());
    if (!reading.body.take(portion)) reading.fail_malformed();
    if (reading.share.used_up(reading.body.take_work())) co_await reading.share.next_turn();
  }
}

Task<void> LogPost::refuse(HttpExchange& exchange, Refused refusal) {
  intake_.refusals().note(refusal.why, exchange.request().peer);
  const int status = status_of(refusal.why);
  HttpResponse response = refusal_answer(status, std::move(refusal.text));
  if (status == 415) response.headers.emplace_back("Accept-Encoding", "gzip");
  if (status == 503) response.headers.emplace_back("Retry-After", "1");
  if (status == 204) response = HttpResponse{204, {}, {}, {}};
  co_await answer(exchange, std::move(response));
}

void LogPost::not_proven(NotProven why, const std::string& peer) {
  intake_.refusals().note(why == NotProven::kTooLate ? Refusal::kNoProof : Refusal::kCrowded, peer);
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

}  // namespace sluice::ingress
