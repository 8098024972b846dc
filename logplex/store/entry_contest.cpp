#include "logplex/store/entry_contest.hpp"

#include <algorithm>
#include <iterator>

namespace sluice {
namespace {

/// The channel that the entry needs; empty when it needs none.
std::string needed_channel(const Entry& entry) {
  if (const auto* token = std::get_if<Token>(&entry)) return token->channel;
  if (const auto* drain = std::get_if<Drain>(&entry)) return drain->channel;
  return {};
}

}  // namespace

EntryContest::Name EntryContest::name_of_entry(EntryKind kind, const std::string& key) {
  const auto place = std::find(std::begin(kLoadOrder), std::end(kLoadOrder), kind);
  return {static_cast<std::size_t>(place - std::begin(kLoadOrder)), key};
}

/// The entries in force that claim something that this entry claims too.
std::vector<Entry> EntryContest::rivals(const ConfigSnapshot& config, const Entry& entry) {
  std::vector<Entry> out;
  if (const auto* app = std::get_if<App>(&entry)) {
    for (const auto& domain : app->domains) {
      const auto* owner = config.owner_of_domain(domain);
      if (owner == nullptr || owner->app.name == app->name) continue;
      const auto same = [owner](const Entry& other) { return std::get<App>(other).name == owner->app.name; };
      if (std::none_of(out.begin(), out.end(), same)) out.emplace_back(owner->app);
    }
  } else if (const auto* token = std::get_if<Token>(&entry)) {
    const auto* owner = config.token(token->value);
    if (owner != nullptr && key_of(owner->token) != key_of(entry)) out.emplace_back(owner->token);
  } else if (const auto* key = std::get_if<ApiKey>(&entry)) {
    const auto* owner = config.key_by_hash(key->hash);
    if (owner != nullptr && owner->id != key->id) out.emplace_back(*owner);
  }
  return out;
}

void EntryContest::stop_waiting(const Name& name) {
  const auto found = waiting_.find(name);
  if (found == waiting_.end()) return;
  const auto behind = behind_.find(found->second.blocker);
  if (behind != behind_.end()) {
    behind->second.erase(name);
    if (behind->second.empty()) behind_.erase(behind);
  }
  again_.erase(name);
  waiting_.erase(found);
}

void EntryContest::look_again_behind(const Name& name) {
  const auto behind = behind_.find(name);
  if (behind != behind_.end()) again_.insert(behind->second.begin(), behind->second.end());
}

/// Also removes an earlier value of the entry, because a node that starts now would not know it.
void EntryContest::wait(Effect effect, Name blocker, const std::string& reason, const Turn& turn) {
  const auto name = name_of_entry(effect.kind, effect.key);
  Effect gone{effect.kind, effect.key, std::nullopt};
  turn.loader.editor(turn.changed).apply(gone);
  turn.written.push_back(std::move(gone));
  turn.loader.quarantine(effect.kind, effect.key, reason);
  stop_waiting(name);
  behind_[blocker].insert(name);
  waiting_.emplace(name, Waiting{std::move(effect), std::move(blocker)});
}

void EntryContest::evict(const std::vector<Entry>& losers, const Effect& winner, const Turn& turn) {
  const auto blocker = name_of_entry(winner.kind, winner.key);
  for (const auto& loser : losers) {
    Effect effect{kind_of(loser), key_of(loser), loser};
    look_again_behind(name_of_entry(effect.kind, effect.key));
    wait(std::move(effect), blocker, "it claims the same domain or secret as " + public_key(winner.kind, winner.key),
         turn);
  }
}

void EntryContest::put(Effect effect, const Turn& turn) {
  const auto& config = turn.loader.config();
  const auto name = name_of_entry(effect.kind, effect.key);
  look_again_behind(name);
  const auto channel = needed_channel(*effect.entry);
  if (!channel.empty() && config.channel(channel) == nullptr)
    return wait(std::move(effect), name_of_entry(EntryKind::kChannel, channel), "its channel does not exist", turn);
  const auto others = rivals(config, *effect.entry);
  for (const auto& other : others) {
    const auto key = key_of(other);
    if (key > effect.key) continue;
    const auto reason = turn.loader.editor(turn.changed).fits(*effect.entry);
    const auto kind = effect.kind;
    return wait(std::move(effect), name_of_entry(kind, key), reason.has_error() ? reason.error().message : "", turn);
  }
  evict(others, effect, turn);
  stop_waiting(name);
  // If a drain has moved to another channel, remove it from the old one first.
  const auto* drain = std::get_if<Drain>(&*effect.entry);
  const auto* before = drain == nullptr ? nullptr : config.drain(drain->id);
  if (before != nullptr && before->drain.channel != drain->channel)
    turn.loader.editor(turn.changed).apply({effect.kind, effect.key, std::nullopt});
  if (turn.loader.put(effect, turn.changed)) turn.written.push_back(std::move(effect));
}

void EntryContest::forget(EntryKind kind, const std::string& key) {
  const auto name = name_of_entry(kind, key);
  stop_waiting(name);
  look_again_behind(name);
}

/// An entry that comes into force evicts only entries that come later in the order, so one pass in order is enough.
void EntryContest::settle(const Turn& turn) {
  while (!again_.empty()) {
    const auto next = waiting_.find(*again_.begin());
    again_.erase(again_.begin());
    if (next == waiting_.end()) continue;
    auto effect = next->second.effect;
    put(std::move(effect), turn);
  }
}

}  // namespace sluice
