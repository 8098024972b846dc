#include "logplex/store/redis_answered.hpp"

namespace sluice {
namespace {

constexpr Duration kRemembered = std::chrono::minutes(1);
constexpr std::size_t kMostChanges = 20'000;
constexpr std::size_t kMostBytes = std::size_t{64} << 20;

}  // namespace

void AnsweredChanges::forget_oldest() {
  bytes_ -= changes_.front().argument.size();
  changes_.pop_front();
}

void AnsweredChanges::note(AnsweredChange change) {
  recent(change.at);
  bytes_ += change.argument.size();
  changes_.push_back(std::move(change));
  while (changes_.size() > kMostChanges || bytes_ > kMostBytes) forget_oldest();
}

const std::deque<AnsweredChange>& AnsweredChanges::recent(SteadyTime now) {
  while (!changes_.empty() && now - changes_.front().at > kRemembered) forget_oldest();
  return changes_;
}

std::string what_it_is(const std::vector<Effect>& effects, std::string_view id) {
  if (effects.empty()) return "nothing";
  const auto& first = effects.front();
  const auto key = id.empty() ? public_key(first.kind, first.key) : std::string(id);
  std::string out = std::string(name_of(first.kind)) + " " + key;
  if (effects.size() > 1) out += " and " + std::to_string(effects.size() - 1) + " more";
  return out;
}

}  // namespace sluice
