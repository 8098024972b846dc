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

/// Lines to body. One per drain and shard; no state between lines.
class Encoder {
 public:
  /// A framed message is at most so much longer than its record: length, priority, token.
  static constexpr std::size_t kMessageExtra = 64;

  virtual ~Encoder() = default;

  /// Appends one line or notice.
  virtual void append(const RecordView& line, std::string& body) const = 0;
  /// The same for a line of a channel, for formats that say where a line stands.
  virtual void append_from(ChannelSlot channel, Seq seq, const RecordView& line, std::string& body) const {
    static_cast<void>(channel);
    static_cast<void>(seq);
    append(line, body);
  }
  /// Where a frame should end, in bytes of body. A single line may be larger.
  virtual std::size_t target_bytes() const = 0;
  /// Two frames with the same messages, for a receiver that finds one too large; none when there is only one message.
  /// Ids and `oldest` are the caller's to set.
  virtual std::optional<std::pair<Frame, Frame>> split(const Frame& frame) const = 0;

  /// A frame has a head that says which logs its lines passed before this one. Syslog frames say it in each line.
  virtual bool tells_ways() const { return false; }

  /// Drains of a shard whose encoders say the same here share what is rendered: it may differ in their tokens, which
  /// all have the same size, and in nothing else. Empty: this one shares with nobody.
  virtual std::string likeness() const { return {}; }
  /// Where in `message`, just appended for this line, the drain's token stands; none when it does not.
  virtual std::optional<std::size_t> token_in(const RecordView& line, std::string_view message) const {
    static_cast<void>(line);
    static_cast<void>(message);
    return std::nullopt;
  }
};

/// The encoder for a drain, by its kind (see drain_kind.hpp). Error: an unknown scheme or format, named; never a
/// secret. `channels` outlives it; nullptr: lines go without their channel's name. `own`: what receivers of syslog
/// frames are told.
result<std::unique_ptr<Encoder>, Error> make_encoder(const Drain& drain, const DrainSettings& settings,
                                                     const ChannelNames* channels = nullptr, const OwnLogs& own = {});

}  // namespace sluice::drains
