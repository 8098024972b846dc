#include "logplex/ingress/http/log_post.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "logplex/base/metrics.hpp"
#include "logplex/ingress/http/log_body.hpp"
#include "logplex/ingress/line_ways.hpp"
#include "logplex/runtime/event.hpp"
#include "logplex/wire/error.hpp"
#include "logplex/wire/gzip.hpp"

namespace sluice::ingress {
namespace {

/// Bytes of gzip unpacked at once: they give at most about a share of a turn.
constexpr std::size_t kPackedPiece = 128;
// Costs beside the bytes themselves, in bytes of unpacking (1 ns each).
constexpr std::size_t kPackedCost = 1024;    // a piece of gzip may hold six members
constexpr std::size_t kReadCost = 16 << 10;  // a read; its bytes may have come in chunks of one byte
constexpr std::size_t kAppendCost = 256;
constexpr std::size_t kGzipState = 48 << 10;

constexpr const char* kBadRequest = "Bad request";
constexpr const char* kMalformed = "Malformed log messages";
constexpr const char* kCountMismatch = "Message count mismatch";
constexpr const char* kTooLarge = "Request body too large";
constexpr const char* kWrongType = "Content-Type must be application/logplex-1";
constexpr const char* kWrongEncoding = "Content-Encoding must be gzip, or left out";
constexpr const char* kNoMemory = "Too many log messages are being received; send smaller bodies, or try again later";

using MaybeRefused = std::optional<RefusedPost>;

HttpResponse text_answer(int status, std::string body) {
  HttpResponse response;
  response.status = status;
  response.headers = {{"Content-Type", "text/plain; charset=utf-8"}};
  response.body = std::move(body);
  return response;
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
  if (!is_log_type(request.header("Content-Type"))) return RefusedPost{Refusal::kEncoding, 415, kWrongType};
  if (coding_of(request) == Coding::kUnknown) return RefusedPost{Refusal::kEncoding, 415, kWrongEncoding};
  return std::nullopt;
}

RefusedPost of_error(const error_code& error) {
  if (error == NetError::kBodyTooLarge) return {Refusal::kTooLarge, 413, kTooLarge};
  if (error == boost::system::errc::not_enough_memory) return {Refusal::kMemory, 503, kNoMemory};
  if (error == NetError::kTimedOut) return {Refusal::kTimeout, 408, "Request Timeout"};
  return {Refusal::kMalformed, 400, kBadRequest};
}

}  // namespace

struct LogPost::Reading final : PendingLines::Listener {
  Reading(HttpExchange& e, Intake& intake, const IngressSettings& settings, bool packed)
      : exchange(e),
        gzip(packed ? std::make_unique<GzipReader>(settings.body_max.count) : nullptr),
        body(intake, this, settings.frame_max.count, packed ? kGzipState : 0),
        share(Shard::current()) {}
  void on_given_up() override { exchange.stop_reading(); }
  const Writer::Target* where() const { return target ? &*target : nullptr; }
  void fail_malformed() {
    fault = RefusedPost{Refusal::kMalformed, 400, kMalformed};
    body.lines().discard();
  }
  void fail_unpacking(const error_code& why) {
    if (why == WireError::kTooLarge)
      fault = RefusedPost{Refusal::kTooLarge, 413, kTooLarge};
    else if (!fault)
      fault = RefusedPost{Refusal::kMalformed, 400, kBadRequest};
    gzip.reset();
    body.lines().discard();
  }

  HttpExchange& exchange;
  std::unique_ptr<GzipReader> gzip;
  LogBody body;
  TurnShare share;
  std::optional<Writer::Target> target;  // none = each line names its own token
  MaybeRefused fault;                    // if set, the rest of the body is read and discarded
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
  const auto writer = authenticate_writer(request, intake_.config(), Shard::current().wall_now());
  if (!writer) {
    RefusedPost refusal = writer.error();
    co_await refuse(exchange, std::move(refusal));
    co_return;
  }
  exchange.note_proven();
  auto ways = ways_of(request, *writer);
  if (!ways) {
    RefusedPost nothing{Refusal::kLoop, 204, {}};
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
  Reading reading(exchange, intake_, settings_, packed);
  reading.body.set_ways(std::move(ways));
  if (!writer.addressed_by_line()) reading.target = writer.target(intake_.config(), Shard::current().wall_now());
  auto refusal = co_await read_all(exchange, reading);
  if (refusal) co_return std::move(*refusal);
  // Looked up again: token or key may have been revoked while the body arrived.
  if (!writer.addressed_by_line() && !writer.target(intake_.config(), Shard::current().wall_now()))
    co_return RefusedPost{Refusal::kUnauthorized, 401, "Not Authorized"};
  if (reading.body.loops() > 0) {
    intake_.refusals().note(Refusal::kLoop, exchange.request().peer);
    intake_.count_loops(reading.body.loops());
  }
  const Duration delay = co_await append_all(writer, reading.body);
  co_await intake_.fabric().settled();
  if (delay > Duration{0}) co_await sleep_for(delay);
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
    if (reading.body.lines().given_up()) co_return RefusedPost{Refusal::kMemory, 503, kNoMemory};
    if (!piece) co_return of_error(piece.error());
    if (piece->empty()) break;
    co_await take_piece(reading, *piece);
    if (reading.fault && reading.fault->why == Refusal::kTooLarge) co_return std::move(*reading.fault);
    if (reading.share.used_up(kReadCost)) co_await reading.share.next_turn();
  }
  if (reading.fault) co_return std::move(*reading.fault);
  if (reading.gzip && !reading.gzip->finish()) co_return RefusedPost{Refusal::kMalformed, 400, kBadRequest};
  if (!reading.body.is_whole()) co_return RefusedPost{Refusal::kMalformed, 400, kMalformed};
  if (!agrees(exchange.request().header("Logplex-Msg-Count"), reading.body.frames()))
    co_return RefusedPost{Refusal::kMalformed, 400, kCountMismatch};
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
    if (!reading.body.take(portion, reading.where())) reading.fail_malformed();
    if (reading.share.used_up(reading.body.take_work())) co_await reading.share.next_turn();
  }
}

/// Appends the lines so slowly that a large body never overruns the shards that own its channels. Returns how long to
/// delay the answer.
Task<Duration> LogPost::append_all(const Writer& writer, LogBody& body) {
  TurnShare share(Shard::current());
  const std::size_t portion = intake_.fabric().outbox_portion();
  std::size_t appended = 0;
  Duration delay{0};
  PendingLine line;
  body.count_unaddressed();
  body.lines().begin_taking();
  auto target =
      writer.addressed_by_line() ? std::nullopt : writer.target(intake_.config(), Shard::current().wall_now());
  while (body.lines().take(line)) {
    append(writer, target, line);
    appended += line.message_size + line.line.passed.bytes();
    if (!share.used_up(line.message_size + kAppendCost) && appended < portion) continue;
    appended = 0;
    delay = std::max(delay, intake_.take_delay());
    co_await share.next_turn();
    while (intake_.fabric().outbox_full()) co_await sleep_for(Wheel::kTick);
  }
  co_return std::max(delay, intake_.take_delay());
}

void LogPost::append(const Writer& writer, const std::optional<Writer::Target>& target, const PendingLine& line) {
  if (!writer.addressed_by_line())
    return intake_.append(writer.sender(), target->channel, line.line, line.message_size);
  if (const TokenEntry* entry = intake_.find(*line.token))
    intake_.append(sender_of(*line.token), entry->channel, line.line, line.message_size);
  else
    intake_.count_unaddressed(0, 1);
}

Task<void> LogPost::refuse(HttpExchange& exchange, RefusedPost refusal) {
  intake_.refusals().note(refusal.why, exchange.request().peer);
  HttpResponse response = refusal_answer(refusal.status, std::move(refusal.text));
  if (refusal.status == 415) response.headers.emplace_back("Accept-Encoding", "gzip");
  if (refusal.status == 503) response.headers.emplace_back("Retry-After", "1");
  if (refusal.status == 204) response = HttpResponse{204, {}, {}, {}};
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
