#include <algorithm>
#include <limits>
#include <map>
#include <utility>

#include "drains/drain_set.hpp"
#include "logplex/base/log.hpp"

// Carries what drains are owed from one run of the process to the next.

namespace sluice::drains {
namespace {

const ChannelEntry* find_channel(const ConfigSnapshot& config, std::string_view id) {
  const ChannelEntry& router = config.router_channel();
  return id == router.channel.id ? &router : config.channel(id);
}

struct Cursors {
  Seq lowest = std::numeric_limits<Seq>::max();
  std::vector<OwedCursor> all;
};

}  // namespace

/// The drains that still exist and run on this shard, by token.
DrainSet::Tokens DrainSet::tokens(const ConfigSnapshot& config) const {
  Tokens tokens;
  config.for_each_drain([&](const DrainEntry& entry) {
    if (runs_here(entry)) tokens.emplace(entry.drain.token, &entry.drain);
  });
  return tokens;
}

void DrainSet::restore(const ConfigSnapshot& config, Restoring& restoring) {
  const Tokens drains = tokens(config);
  std::uint64_t restored = 0;
  std::uint64_t given_up = 0;
  for (OwedLines& owed : expected_) {
    std::erase_if(owed.cursors, [&](const OwedCursor& cursor) {
      const auto drain = drains.find(cursor.drain);
      return drain == drains.end() || !(drain->second->global() || drain->second->channel == owed.channel);
    });
    const ChannelEntry* channel = find_channel(config, owed.channel);
    const bool wanted = channel != nullptr && !owed.cursors.empty() && restoring.restore(channel->slot, owed);
    (wanted ? restored : given_up) += owed.lines;
    for (const OwedCursor& cursor : owed.cursors)
      if (wanted) go_on(drains.at(cursor.drain)->id, channel->slot, cursor);
    owed = {};
  }
  expected_.clear();
  if (restored > 0)
    log_info("kept lines restored", {{"shard", shard().id()}, {"lines", restored}, {"drains", going_on_.size()}});
  if (given_up > 0)
    log_warning("kept lines dropped: their channel or drain is gone", {{"shard", shard().id()}, {"lines", given_up}});
}

void DrainSet::go_on(std::uint64_t drain, ChannelSlot channel, const OwedCursor& cursor) {
  DrainOwed& owed = going_on_[drain];
  owed.places.push_back({channel, cursor.next});
  if (owed.unreported == 0) owed.unreported_since = cursor.unreported_since;
  owed.unreported += cursor.unreported;
}

std::vector<OwedLines> DrainSet::take_owed() {
  std::map<ChannelSlot, Cursors> by_channel;
  for (const auto& [id, runner] : runners_) {
    DrainOwed owed = runner->owed();
    for (const OwedPlace& place : owed.places) {
      Cursors& cursors = by_channel[place.channel];
      cursors.lowest = std::min(cursors.lowest, place.next);
      // A drain reports its losses once, so only its first cursor carries them.
      const std::uint64_t unreported = std::exchange(owed.unreported, 0);
      cursors.all.push_back({runner->drain().token, place.next, unreported, owed.unreported_since});
    }
  }
  std::vector<OwedLines> all = std::move(expected_);
  for (auto& [channel, cursors] : by_channel) {
    OwedLines owed = owed_lines(fabric_, channel, names_.name(channel), cursors.lowest);
    if (owed.lines == 0 || owed.channel.empty()) continue;
    owed.cursors = std::move(cursors.all);
    all.push_back(std::move(owed));
  }
  return all;
}

void DrainSet::log_undelivered(bool written) const {
  for (const auto& [id, runner] : runners_) {
    const Ledger ledger = runner->ledger();
    const std::uint64_t lost = written ? std::min(runner->owed().lost, ledger.pending_lines) : ledger.pending_lines;
    const auto say = [&, id = id, &runner = runner](LogLevel level, std::string_view what, std::uint64_t lines) {
      if (lines == 0) return;
      const std::string& channel = runner->drain().channel;
      log_line(level, what,
               {{"drain", id},
                {"channel", channel.empty() ? "all" : channel},
                {"lines", lines},
                {"last_error", ledger.last_error}});
    };
    say(LogLevel::kInfo, "lines are kept for the next start", ledger.pending_lines - lost);
    say(LogLevel::kWarning, "lines stay undelivered", lost);
  }
}

}  // namespace sluice::drains
