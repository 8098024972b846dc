#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "logplex/ingress/line_ways.hpp"
#include "logplex/ingress/pending_batch.hpp"
#include "logplex/wire/frame_splitter.hpp"

namespace sluice::ingress {

/// Takes in the body of a `POST /logs` frame by frame: parses each frame once and keeps its line in `batch()` until the
/// body is complete. Of the body itself it keeps only an incomplete frame. Belongs to one request, on its shard; the
/// intake outlives it.
class LogBody {
 public:
  /// Bytes to pass to take() at once: even with the smallest frames, they take less than a millisecond.
  static constexpr std::size_t kPortion = 4 << 10;

  /// `beside`: bytes that the caller holds for this body, such as the state of a gzip reader.
  LogBody(Intake& intake, Writer writer, PendingLines::Listener* listener, std::size_t frame_max, std::size_t beside);

  /// Sets which logs the frames have passed. Call it before the first take().
  void set_ways(LineWays ways) { ways_ = std::move(ways); }

  /// Takes more of the text. False when it is not octet-counted frames.
  bool take(std::string_view text);
  /// True when the text may end here.
  bool is_whole() const { return kept_.empty() && !malformed_; }
  std::uint64_t frames() const { return frames_; }
  /// Work done since the last call, in bytes of light work (TurnShare::kShare).
  std::size_t take_work() { return std::exchange(work_, 0); }

  PendingBatch& batch() { return batch_; }
  /// How many lines were left out because they had been here before.
  std::uint64_t loops() const { return ways_.loops(); }

 private:
  void add(std::string_view message);

  PendingBatch batch_;
  FrameSplitter splitter_;
  const std::size_t beside_;
  std::string kept_;
  LineWays ways_;
  std::uint64_t frames_ = 0;
  std::size_t work_ = 0;
  bool malformed_ = false;
};

}  // namespace sluice::ingress
