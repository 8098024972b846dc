#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "drains/kinds/frame.hpp"
#include "drains/kinds/own_logs.hpp"
#include "logplex/base/result.hpp"
#include "logplex/base/settings.hpp"
#include "logplex/model/drain.hpp"
#include "logplex/wire/record.hpp"

namespace sluice::drains {

class ChannelNames;

/// Turns lines into the body of a frame. One per drain and shard; keeps no state between lines.
class Encoder {
 public:
  /// How many bytes a framed message may be longer than its record: length, priority, token.
  static constexpr std::size_t kMessageExtra = 64;

  virtual ~Encoder() = default;

  /// Appends one line or notice.
  virtual void append(const RecordView& line, std::string& body) const = 0;
  /// The same, for formats that also say which channel a line comes from and its number there.
  virtual void append_from(ChannelSlot channel, Seq seq, const RecordView& line, std::string& body) const {
    static_cast<void>(channel);
    static_cast<void>(seq);
    append(line, body);
  }
  /// The size at which a frame should end, in bytes of body. A single line may be larger.
  virtual std::size_t target_bytes() const = 0;
  /// Splits a frame that the receiver finds too large into two; none if it has only one message. The caller sets the
  /// ids and `oldest`.
  virtual std::optional<std::pair<Frame, Frame>> split(const Frame& frame) const = 0;

  /// True if a head of the frame lists the logs that its lines passed before. Syslog drains list them in each line
  /// instead.
  virtual bool tells_ways() const { return false; }

  /// Drains of a shard whose encoders return the same text here share rendered frames. Their output may differ only in
  /// the drain tokens, which all have the same size. Empty: this encoder never shares.
  virtual std::string likeness() const { return {}; }
  /// The offset of the drain's token in `message`, which was just appended for this line; none if the message has no
  /// token.
  virtual std::optional<std::size_t> token_in(const RecordView& line, std::string_view message) const {
    static_cast<void>(line);
    static_cast<void>(message);
    return std::nullopt;
  }
};

/// Makes the encoder for a drain, by its kind (see drain_kind.hpp). The error names an unknown scheme or format and
/// contains no secret. `channels` must outlive the encoder; nullptr: lines carry no channel name. `own`: the ids that
/// syslog frames carry.
result<std::unique_ptr<Encoder>, Error> make_encoder(const Drain& drain, const DrainSettings& settings,
                                                     const ChannelNames* channels = nullptr, const OwnLogs& own = {});

}  // namespace sluice::drains
