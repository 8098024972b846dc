#include "logplex/cli/log_stream.hpp"

#include <algorithm>

#include "logplex/cli/view/cli_error.hpp"
#include "logplex/cli/view/json_text.hpp"
#include "logplex/cli/view/terminal_text.hpp"
#include "logplex/wire/timestamp.hpp"

namespace sluice::cli {
namespace {

using std::chrono::milliseconds;

/// The server sends a heartbeat much more often than this.
constexpr milliseconds kSilence{60'000};
constexpr std::uint64_t kFirstPauseMs = 250;
constexpr std::uint64_t kLongestPauseMs = 10'000;
constexpr std::size_t kErrorBodyMax = 64 << 10;

Error refusal(ApiStream& stream) {
  ApiAnswer answer{stream.status(), {}};
  while (answer.body.size() < kErrorBodyMax) {
    const auto piece = stream.read(kSilence);
    if (piece.has_error() || piece->empty()) break;
    answer.body += *piece;
  }
  return error_of(answer);
}

}  // namespace

LogStream::LogStream(CommandRun& run, ApiRequest request, LineStyle style)
    : run_(run), request_(std::move(request)), style_(style) {
  const std::string& until = run.arguments.log.until;
  if (until.empty()) return;
  if (const auto time = point_in_time(until, run.world.clock.wall()); time.has_value()) {
    until_ = read_timestamp(*time)->seconds;
  }
}

result<void, Error> LogStream::print() {
  while (true) {
    auto ended = read_once();
    if (ended.has_value() && *ended == Ended::kHistoryDone) return {};
    const Error reason = ended.has_error() ? ended.error() : cli_error(CliError::kUnreachable, "the server closed it");
    if (!retry_helps(reason) || !live() || !answered_) return reason;
    SLUICE_TRY_VOID(pause(reason));
  }
}

result<LogStream::Ended, Error> LogStream::read_once() {
  ApiRequest request = request_;
  if (!cursor_.empty()) request.headers.emplace_back("Last-Event-ID", cursor_);
  SLUICE_TRY(auto stream, run_.api.open(request));
  if (stream->status() != 200) return refusal(*stream);
  answered_ = true;
  return read_events(*stream);
}

result<LogStream::Ended, Error> LogStream::read_events(ApiStream& stream) {
  EventParser parser(cursor_);
  while (true) {
    SLUICE_TRY(const auto piece, stream.read(kSilence));
    if (piece.empty()) return live() && !past_until() ? Ended::kBroken : Ended::kHistoryDone;
    SLUICE_TRY_VOID(take_piece(parser, piece));
  }
}

bool LogStream::past_until() const { return until_ && *until_ <= run_.world.clock.wall(); }

result<void, Error> LogStream::take_piece(EventParser& parser, std::string_view piece) {
  failures_ = 0;
  notified_ = false;
  const bool sound = parser.feed(piece, [this](StreamEvent&& event) { take_event(event); });
  SLUICE_TRY_VOID(flush());
  cursor_ = parser.last_id();
  asked_pause_ms_ = parser.retry_ms();
  if (!sound) return failure("the server sent a line of more than 16 MiB");
  if (refused_) return *refused_;
  return {};
}

void LogStream::take_event(const StreamEvent& event) {
  if (event.type == "message") {
    append_line(lines_, read_log_line(event.data), style_);
  } else if (event.type == "gap") {
    notices_ += harmless(gap_notice(read_gap(event.data)));
  } else if (event.type == "error") {
    const auto value = read_json(event.data);
    const std::string text = value.has_value() ? text_at(*value, "error") : event.data;
    refused_ = failure("the server ended the stream: " + harmless(text));
  }
}

result<void, Error> LogStream::flush() {
  const std::string lines = std::exchange(lines_, {});
  const std::string notices = std::exchange(notices_, {});
  SLUICE_TRY_VOID(run_.world.out.write(lines));
  // A closed error output does not end a tail: the user reads the lines.
  if (!notices.empty()) static_cast<void>(run_.world.err.write(notices));
  return {};
}

result<void, Error> LogStream::pause(const Error& reason) {
  if (!std::exchange(notified_, true)) {
    // Leaves out the advice after the semicolon: we follow it ourselves.
    const std::string why = reason.text().substr(0, reason.text().find(';'));
    notices_ += "-- connection lost (" + harmless(why) + "); reconnecting --\n";
    SLUICE_TRY_VOID(flush());
  }
  const std::uint64_t asked = asked_pause_ms_.value_or(0);
  const std::uint64_t grown = kFirstPauseMs << std::min(failures_++, 10U);
  const std::uint64_t most = std::min(std::max(grown, asked), kLongestPauseMs);
  run_.world.sleep(milliseconds(most / 2 + run_.world.rng.below(most / 2 + 1)));
  return {};
}

bool wants_colour(const std::string& choice, const CommandWorld& world) {
  if (choice != "auto") return choice == "always";
  return world.out_is_terminal && world.environment("NO_COLOR").empty() && world.environment("TERM") != "dumb";
}

LineStyle line_style(const CommandRun& run) {
  const LogArguments& log = run.arguments.log;
  LineStyle style;
  style.shape = run.arguments.json ? LineShape::kJson : log.raw ? LineShape::kRaw : LineShape::kText;
  style.colour = style.shape == LineShape::kText && wants_colour(log.colour, run.world);
  style.harmless = run.world.out_is_terminal;
  style.timestamps = log.timestamps == "local"  ? Timestamps::kLocal
                     : log.timestamps == "none" ? Timestamps::kNone
                                                : Timestamps::kUtc;
  return style;
}

}  // namespace sluice::cli
