#pragma once

#include <optional>
#include <string>

#include "logplex/cli/client/event_stream.hpp"
#include "logplex/cli/command_run.hpp"
#include "logplex/cli/view/line_format.hpp"

namespace sluice::cli {

/// Prints an app's lines, once or live. A live stream that breaks is opened again with the cursor of the last line that
/// was printed, after a growing, random pause: no line is missed and none comes twice. Holes that the server reports
/// are printed on the error output. One object for each command; blocks until the stream ends for good.
class LogStream {
 public:
  LogStream(CommandRun& run, ApiRequest request, LineStyle style);

  /// Ends when history is printed (not live), or never (live) but for an error: kOutputClosed, or what the server
  /// refused for good. What breaks before the first answer is an error too: a wrong address shows at once.
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
  std::string lines_;    // printed lines wait here until the piece they came in is used up
  std::string notices_;  // for the error output
  bool answered_ = false;
  bool notified_ = false;  // this outage was reported
  unsigned failures_ = 0;
  std::optional<std::uint32_t> asked_pause_ms_;
  std::optional<Error> refused_;  // the server ended the stream with an `error` event
};

/// --color, NO_COLOR, TERM and the output decide.
bool wants_colour(const std::string& choice, const CommandWorld& world);
LineStyle line_style(const CommandRun& run);

}  // namespace sluice::cli
