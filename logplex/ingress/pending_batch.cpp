#include "logplex/ingress/pending_batch.hpp"

#include <algorithm>
#include <utility>

#include "logplex/ingress/intake.hpp"
#include "logplex/ingress/turn_share.hpp"

namespace sluice::ingress {
namespace {

/// The cost of a line beside its bytes, in bytes of light work (TurnShare::kShare).
constexpr std::size_t kAppendCost = 256;

}  // namespace

Refused refused_for_memory() {
  return {Refusal::kMemory, "Too many log messages are being received; send smaller bodies, or try again later"};
}

PendingBatch::PendingBatch(Intake& intake, Writer writer, PendingLines::Listener* listener)
    : intake_(intake), writer_(std::move(writer)), target_(target_now()), lines_(Shard::current(), listener) {}

std::optional<Writer::Target> PendingBatch::target_now() const {
  if (writer_.addressed_by_line()) return std::nullopt;
  return writer_.target(intake_.config(), Shard::current().wall_now());
}

void PendingBatch::add_message(std::string_view message, PassedView passed) {
  if (writer_.addressed_by_line()) return add_addressed(message, passed);
  if (target_) keep(intake_.read_as(target_->source, message), message.size(), std::nullopt, passed);
}

void PendingBatch::add(const LineView& line, std::size_t message_size) {
  if (!Intake::is_storable(line)) return intake_.count_malformed();
  if (writer_.addressed_by_line()) ++no_token_;
  if (target_) keep(intake_.read_as(target_->source, line), message_size, std::nullopt, line.passed);
}

void PendingBatch::add_addressed(std::string_view message, PassedView passed) {
  const auto token = intake_.token_of(message);
  const TokenEntry* entry = token ? intake_.find(*token) : nullptr;
  if (entry != nullptr) return keep(intake_.read_as(entry->source(), message), message.size(), token, passed);
  ++(token ? unknown_token_ : no_token_);
}

void PendingBatch::keep(LineView line, std::size_t message_size, std::optional<Uuid> token, PassedView passed) {
  line.passed = passed;
  lines_.add(line, message_size, token);
}

Task<std::optional<Refused>> PendingBatch::append() {
  if (given_up()) co_return refused_for_memory();
  // Looked up again: token or key may have been revoked while the lines arrived.
  auto target = target_now();
  if (!target && !writer_.addressed_by_line()) co_return Refused{Refusal::kUnauthorized, "Not Authorized"};
  const Duration delay = co_await append_to(std::move(target));
  co_await intake_.fabric().settled();
  if (delay > Duration{0}) co_await sleep_for(delay);
  co_return std::nullopt;
}

/// Returns how long to delay the confirmation.
Task<Duration> PendingBatch::append_to(std::optional<Writer::Target> target) {
  TurnShare share(Shard::current());
  const std::size_t portion = intake_.fabric().outbox_portion();
  std::size_t appended = 0;
  Duration delay{0};
  PendingLine line;
  intake_.count_unaddressed(no_token_, unknown_token_);
  lines_.begin_taking();
  while (lines_.take(line)) {
    append_one(target, line);
    appended += line.message_size + line.line.passed.bytes();
    if (!share.used_up(line.message_size + kAppendCost) && appended < portion) continue;
    appended = 0;
    delay = std::max(delay, intake_.take_delay());
    co_await share.next_turn();
    while (intake_.fabric().outbox_full()) co_await sleep_for(Wheel::kTick);
  }
  co_return std::max(delay, intake_.take_delay());
}

void PendingBatch::append_one(const std::optional<Writer::Target>& target, const PendingLine& line) {
  if (target) return intake_.append_as(writer_.sender(), target->channel, line.line, line.message_size);
  if (const TokenEntry* entry = intake_.find(*line.token))
    intake_.append_as(sender_of(*line.token), entry->channel, line.line, line.message_size);
  else
    intake_.count_unaddressed(0, 1);
}

}  // namespace sluice::ingress
