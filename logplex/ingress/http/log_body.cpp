#include "logplex/ingress/http/log_body.hpp"

namespace sluice::ingress {
namespace {

/// The cost of a frame beside its bytes, in bytes of unpacking (2026-11-23: 1 ns each).
constexpr std::size_t kFrameCost = 128;

}  // namespace

LogBody::LogBody(Intake& intake, PendingLines::Listener* listener, std::size_t frame_max, std::size_t beside)
    : intake_(intake), lines_(Shard::current(), listener), splitter_(frame_max), beside_(beside) {
  lines_.hold(beside);
}

bool LogBody::take(std::string_view text, const Writer::Target* target) {
  work_ += text.size();
  if (!kept_.empty()) text = kept_.append(text);
  splitter_.feed(text);
  auto step = splitter_.next();
  for (; step == FrameSplitter::Step::kFrame; step = splitter_.next()) add(splitter_.frame(), target);
  malformed_ = step == FrameSplitter::Step::kMalformed;
  std::string left(text.substr(splitter_.consumed()));
  kept_.swap(left);
  lines_.hold(beside_ + kept_.capacity());
  return !malformed_;
}

void LogBody::add(std::string_view message, const Writer::Target* target) {
  work_ += kFrameCost + message.size();
  const auto passed = ways_.of(frames_++);
  if (!passed) return;
  passed_ = *passed;
  if (target == nullptr) return add_addressed(message);
  keep(intake_.read_as(target->source, message), message.size(), std::nullopt);
}

void LogBody::keep(LineView line, std::size_t message_size, std::optional<Uuid> token) {
  line.passed = passed_;
  lines_.add(line, message_size, token);
}

void LogBody::add_addressed(std::string_view message) {
  const auto token = intake_.token_of(message);
  const TokenEntry* entry = token ? intake_.find(*token) : nullptr;
  if (entry != nullptr) return keep(intake_.read_as(entry->source(), message), message.size(), token);
  ++(token ? unknown_token_ : no_token_);
}

void LogBody::count_unaddressed() { intake_.count_unaddressed(no_token_, unknown_token_); }

}  // namespace sluice::ingress
