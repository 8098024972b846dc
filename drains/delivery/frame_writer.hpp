#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "drains/delivery/delivery_account.hpp"
#include "drains/kinds/encoder.hpp"
#include "logplex/model/drain.hpp"

namespace sluice::drains {

/// Writes the lines of one drain into frames, in the drain's format, and gives frames their ids. It keeps no frame.
///
/// Lives on its drain's shard. The id functions do nothing while the receiver does not see ids.
class FrameWriter {
 public:
  FrameWriter(const FabricShard& fabric, const Drain& drain) : fabric_(fabric), drain_(drain.id), token_(drain.token) {}

  /// From now on writes in this format. Without an encoder, only target_bytes() may be called.
  void use(std::unique_ptr<Encoder> encoder, bool tells_ids);
  /// The size at which a frame should end.
  std::size_t target_bytes() const { return encoder_ != nullptr ? encoder_->target_bytes() : 0; }
  std::uint64_t drain() const { return drain_; }

  void append(Frame& frame, ChannelSlot channel, Seq seq, const RecordView& line) const {
    if (encoder_->tells_ways()) frame.passed.add(frame.messages(), line.passed());
    if (frame.lines++ == 0 || line.received() < frame.oldest) frame.oldest = line.received();
    add_line(frame.runs, channel, seq);
    encoder_->append_from(channel, seq, line, frame.body);
  }
  /// Appends an L10 line.
  void append_notice(Frame& frame, const Unreported& losses, WallTime now) const;
  /// Splits the frame into two, with ids of their own; none if it has only one message.
  std::optional<std::pair<Frame, Frame>> split(const Frame& frame) const;

  void set_frame_id(Frame& frame) const;
  /// The id of a frame that holds only a notice and precedes `frame`.
  void set_notice_id(Frame& notice, const Frame& frame) const;
  /// The id of `again`, which replaces `frame`.
  void set_id_again(Frame& again, const Frame& frame) const;

 private:
  const FabricShard& fabric_;
  const std::uint64_t drain_;
  const Uuid token_;
  std::unique_ptr<Encoder> encoder_;
  bool tells_ids_ = true;
};

}  // namespace sluice::drains
