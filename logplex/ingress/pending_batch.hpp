#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "logplex/ingress/pending_lines.hpp"
#include "logplex/ingress/writer.hpp"

namespace sluice::ingress {

class Intake;

/// The refusal of a batch that was given up.
Refused refused_for_memory();

/// Lines of one sender that are taken together or not at all: for protocols that confirm.
///
///     add_message(), add() ... -> append() -> confirm           or discard() -> refuse
///
/// Its memory is charged to MemoryClass::kIngressBodies. When bodies hold too much of it, the batch that holds most is
/// given up: the listener is told, and further lines are ignored. Belongs to one request, on its shard; the intake
/// outlives it.
class PendingBatch {
 public:
  PendingBatch(Intake& intake, Writer writer, PendingLines::Listener* listener);

  /// Adds a syslog message that has passed these logs before. A sender with a credential addresses each message by the
  /// token in its app-name field; messages without one, or with that of no channel, are left out and counted.
  void add_message(std::string_view message, PassedView passed = {});
  /// Adds a line that the protocol has read itself, from `message_size` bytes; Intake::append() says what it may hold.
  /// Such a line has no token of its own: from a sender with a credential it is left out and counted.
  void add(const LineView& line, std::size_t message_size);
  /// Charges `bytes` for what else the request holds, in place of the last value.
  void hold(std::size_t bytes) { lines_.hold(bytes); }
  /// Frees all lines, because the request is refused.
  void discard() { lines_.discard(); }
  bool given_up() const { return lines_.given_up(); }

  /// Appends the lines, so slowly that a large batch never overruns the shards that own its channels. Returns when each
  /// line is with its channel's owner, so that a read sees it; later while memory for lines is short
  /// (ingress.max_delay). When refused, nothing is appended: kUnauthorized, because token, key or channel is gone;
  /// kMemory, because the batch was given up. Call it once.
  Task<std::optional<Refused>> append();

 private:
  std::optional<Writer::Target> target_now() const;
  void add_addressed(std::string_view message, PassedView passed);
  void keep(LineView line, std::size_t message_size, std::optional<Uuid> token, PassedView passed);
  Task<Duration> append_to(std::optional<Writer::Target> target);
  void append_one(const std::optional<Writer::Target>& target, const PendingLine& line);

  Intake& intake_;
  const Writer writer_;
  const std::optional<Writer::Target> target_;  // when the batch began; none = each line names its own token
  PendingLines lines_;
  std::uint64_t no_token_ = 0;
  std::uint64_t unknown_token_ = 0;
};

}  // namespace sluice::ingress
