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

/// The body of a `POST /logs`, frame by frame as it comes: each is parsed once and waits in `lines()` until the body is
/// whole. Keeps of the body itself only the beginning of a frame. Belongs to one request, on its shard; the intake
/// outlives it.
class LogBody {
 public:
  /// Bytes to give to take() at once: a portion of the smallest frames takes less than a millisecond.
  static constexpr std::size_t kPortion = 4 << 10;

  /// `beside` are bytes that the caller holds for it, such as the state of a gzip reader.
  LogBody(Intake& intake, PendingLines::Listener* listener, std::size_t frame_max, std::size_t beside);

  /// What is known of the frames' ways. Before the first take().
  void set_ways(LineWays ways) { ways_ = std::move(ways); }

  /// More of the text, for a target (none: each line is addressed by itself). False: it is no octet-counted frame.
  bool take(std::string_view text, const Writer::Target* target);
  /// True when the text may end here.
  bool is_whole() const { return kept_.empty() && !malformed_; }
  std::uint64_t frames() const { return frames_; }
  /// Work done since the last call, as so many bytes of light work.
  std::size_t take_work() { return std::exchange(work_, 0); }

  PendingLines& lines() { return lines_; }
  /// Of lines that lead nowhere.
  void count_unaddressed();
  /// Lines that had been here before, and were left out.
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
