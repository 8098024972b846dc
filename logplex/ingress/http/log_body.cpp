#include "logplex/ingress/http/log_body.hpp"

namespace sluice::ingress {
namespace {

/// The cost of a frame beside its bytes, in bytes of unpacking (2026-11-23: 1 ns each).
constexpr std::size_t kFrameCost = 128;

}  // namespace

LogBody::LogBody(Intake& intake, Writer writer, PendingLines::Listener* listener, std::size_t frame_max,
                 std::size_t beside)
    : batch_(intake, std::move(writer), listener), splitter_(frame_max), beside_(beside) {
  batch_.hold(beside);
}

bool LogBody::take(std::string_view text) {
  work_ += text.size();
  if (!kept_.empty()) text = kept_.append(text);
  splitter_.feed(text);
  auto step = splitter_.next();
  for (; step == FrameSplitter::Step::kFrame; step = splitter_.next()) add(splitter_.frame());
  malformed_ = step == FrameSplitter::Step::kMalformed;
  std::string left(text.substr(splitter_.consumed()));
  kept_.swap(left);
  batch_.hold(beside_ + kept_.capacity());
  return !malformed_;
}

void LogBody::add(std::string_view message) {
  work_ += kFrameCost + message.size();
  const auto passed = ways_.of(frames_++);
  if (passed) batch_.add_message(message, *passed);
}

}  // namespace sluice::ingress
