#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "logplex/ingress/intake.hpp"
#include "logplex/ingress/line_ways.hpp"
#include "logplex/ingress/pending_lines.hpp"
#include "logplex/ingress/writer.hpp"
#include "logplex/wire/frame_splitter.hpp"

namespace sluice::ingress {

/// Takes in the body of a `POST /logs` frame by frame: parses each frame once and keeps its line in `lines()` until the
/// body is complete. Of the body itself it keeps only an incomplete frame. Belongs to one request, on its shard; the
/// intake outlives it.
class LogBody {
 public:
  /// Bytes to pass to take() at once: even with the smallest frames, they take less than a millisecond.
  static constexpr std::size_t kPortion = 4 << 10;

  /// `beside`: bytes that the caller holds for this body, such as the state of a gzip reader.
  LogBody(Intake& intake, PendingLines::Listener* listener, std::size_t frame_max, std::size_t beside);

  /// Sets which logs the frames have passed. Call it before the first take().
  void set_ways(LineWays ways) { ways_ = std::move(ways); }

  /// Takes more of the text, for a target (null: each line names its own token). False when it is not octet-counted
  /// frames.
  bool take(std::string_view text, const Writer::Target* target);
  /// True when the text may end here.
  bool is_whole() const { return kept_.empty() && !malformed_; }
  std::uint64_t frames() const { return frames_; }
  /// Work done since the last call, in bytes of light work (TurnShare::kShare).
  std::size_t take_work() { return std::exchange(work_, 0); }

  PendingLines& lines() { return lines_; }
  /// Adds the lines without the token of a channel to the counters of the intake.
  void count_unaddressed();
  /// How many lines were left out because they had been here before.
  std::uint64_t loops() const { return ways_.loops(); }

 private:
  void add(std::string_view message, const Writer::Target* target);
  void add_addressed(std::string_view message);
  void keep(LineView line, std::size_t message_size, std::optional<Uuid> token);

  Intake& intake_;
  PendingLines lines_;
  FrameSplitter splitter_;
  const std::size_t beside_;
  std::string kept_;
  LineWays ways_;
  PassedView passed_;  // of the frame at hand
  std::uint64_t frames_ = 0;
  std::uint64_t no_token_ = 0;
  std::uint64_t unknown_token_ = 0;
  std::size_t work_ = 0;
  bool malformed_ = false;
};

}  // namespace sluice::ingress
