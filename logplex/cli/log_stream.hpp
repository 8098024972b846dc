#pragma once

#include <optional>
#include <string>

#include "logplex/cli/client/event_stream.hpp"
#include "logplex/cli/command_run.hpp"
#include "logplex/cli/view/line_format.hpp"

namespace sluice::cli {

/// Prints an app's lines, once or live. If a live stream breaks, opens it again after a growing, random pause, with the
/// cursor of the last line that was printed, so that no line is missed or repeated. Prints the gaps that the server
/// reports on the error output. One object per command; blocks until the stream ends for good.
class LogStream {
 public:
  LogStream(CommandRun& run, ApiRequest request, LineStyle style);

  /// Not live: returns when the history is printed. Live: returns when --until has passed, or with an error:
  /// kOutputClosed, or a final refusal by the server. A failure before the first answer is also an error, so that a
  /// wrong address shows at once.
  result<void, Error> print();

 private:
  enum class Ended { kHistoryDone, kBroken };

  result<Ended, Error> read_once();
  result<Ended, Error> read_events(ApiStream& stream);
  result<void, Error> take_piece(EventParser& parser, std::string_view piece);
  void take_event(const StreamEvent& event);
  result<void, Error> flush();
  result<void, Error> pause(const Error& reason);
  bool live() const { return run_.arguments.log.follow; }
  bool past_until() const;

  CommandRun& run_;
  ApiRequest request_;
  LineStyle style_;
  std::optional<std::chrono::sys_seconds> until_;
  std::string cursor_;
  std::string lines_;    // formatted lines of the current piece, not written yet
  std::string notices_;  // for the error output
  bool answered_ = false;
  bool notified_ = false;  // the current outage was reported
  unsigned failures_ = 0;
  std::optional<std::uint32_t> asked_pause_ms_;
  std::optional<Error> refused_;  // the server ended the stream with an `error` event
};

/// Decides by --color, NO_COLOR, TERM and whether the output is a terminal.
bool wants_colour(const std::string& choice, const CommandWorld& world);
LineStyle line_style(const CommandRun& run);

}  // namespace sluice::cli
