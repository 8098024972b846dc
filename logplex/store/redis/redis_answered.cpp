#include "logplex/store/redis/redis_answered.hpp"

#include <algorithm>
#include <utility>

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

void AnsweredChanges::forget_before(SteadyTime end) {
  while (!changes_.empty() && end - changes_.front().at > kRemembered) forget_oldest();
}

void AnsweredChanges::note(AnsweredChange change) {
  forget_before(change.at);
  bytes_ += change.argument.size();
  changes_.push_back(std::move(change));
  while (changes_.size() > kMostChanges || bytes_ > kMostBytes) forget_oldest();
}

std::deque<AnsweredChange> AnsweredChanges::take(SteadyTime end) {
  forget_before(end);
  bytes_ = 0;
  return std::exchange(changes_, {});
}

void AnsweredChanges::give_back(std::deque<AnsweredChange> changes) {
  for (auto& change : std::exchange(changes_, std::move(changes))) changes_.push_back(std::move(change));
  bytes_ = 0;
  for (const auto& change : changes_) bytes_ += change.argument.size();
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
