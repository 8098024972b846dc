#include "logplex/store/sqlite/store_core.hpp"

#include "logplex/base/log.hpp"
#include "logplex/model/config_error.hpp"
#include "logplex/model/sealed_entry.hpp"

namespace sluice {
namespace {

StoredCounters counters_of(const ConfigSnapshot& config) {
  return {config.revision(), config.next_drain_id(), config.next_channel_id(), 0};
}

}  // namespace

result<StoreCore, Error> StoreCore::open(const std::string& path, const ConfigLimits& limits,
                                         std::shared_ptr<const Seal> seal) {
  SLUICE_TRY(auto table, EntryTable::open(path, seal));
  StoreCore core(std::move(table), limits, std::move(seal));
  SLUICE_TRY_VOID(core.load());
  return core;
}

/// Takes an entry, and notes it when its secrets are not sealed with the current key.
void StoreCore::take(EntryKind kind, std::string_view key, std::string_view json, std::vector<Effect>& unsealed) {
  ChangedKeys nobody_yet;
  const bool taken = loader_.take(kind, key, json, nobody_yet);
  const bool has_secrets = kind == EntryKind::kToken || kind == EntryKind::kDrain;
  if (!taken || !has_secrets || loader_.seal() == nullptr) return;
  auto entry = decode_entry(kind, key, json, loader_.seal());
  if (entry.has_value() && encode_entry(*entry, loader_.seal()) != json)
    unsealed.push_back({kind, std::string(key), std::move(*entry)});
}

result<void, Error> StoreCore::seal_again(const std::vector<Effect>& unsealed, const StoredCounters& counters) {
  if (unsealed.empty()) return {};
  SLUICE_TRY_VOID(table_.commit(unsealed, counters));
  log_info("secrets in the store are sealed with the current key",
           {{"source", table_.path()}, {"entries", unsealed.size()}});
  return table_.wipe();
}

result<void, Error> StoreCore::load() {
  SLUICE_TRY(const auto counters, table_.read_counters());
  ChangedKeys nobody_yet;
  std::vector<Effect> unsealed;
  for (const auto kind : kLoadOrder)
    SLUICE_TRY_VOID(table_.read_entries(
        kind, [&](std::string_view key, std::string_view json) { take(kind, key, json, unsealed); }));
  SLUICE_TRY_VOID(seal_again(unsealed, counters));
  SLUICE_TRY(unknown_kinds_, table_.count_unknown());
  auto editor = loader_.editor(nobody_yet);
  editor.raise_counters(counters.next_drain_id, counters.next_channel_id);
  editor.set_revision(counters.revision);
  history_ = counters.history;
  return {};
}

StoreCore::Batch StoreCore::apply(std::span<const Change> changes) {
  Batch batch;
  ConfigSnapshot next = config();
  SnapshotEditor editor(next, loader_.slots(), batch.changed);
  std::vector<Effect> all;
  for (const auto& change : changes) {
    auto decided = decide(next, change, limits_);
    if (decided.has_error()) {
      batch.outcomes.emplace_back(std::move(decided).error());
      continue;
    }
    if (!decided->list.empty()) editor.set_revision(next.revision() + 1);
    for (auto& effect : decided->list) {
      editor.apply(effect);
      all.push_back(std::move(effect));
    }
    decided->applied.revision = next.revision();
    batch.outcomes.emplace_back(std::move(decided->applied));
  }
  if (all.empty()) return batch;
  const auto written = table_.commit(all, counters_of(next));
  trouble_ = written.has_error() ? written.error().message : std::string();
  if (written.has_error()) {
    // Refusals are void too: they were decided on top of changes that were not made.
    for (auto& outcome : batch.outcomes) outcome = Error{ConfigError::kUnavailable, trouble_};
    batch.changed = {};
    batch.failed = true;
    return batch;
  }
  loader_.release(all);
  loader_.config() = std::move(next);
  batch.wrote = true;
  return batch;
}

StoreStatus StoreCore::status() const {
  StoreStatus out;
  out.reachable = trouble_.empty();
  out.trouble = trouble_;
  out.unknown_kinds = unknown_kinds_;
  if (loader_.seal() == nullptr) out.warnings.emplace_back(kNotSealed);
  loader_.describe(out);
  return out;
}

}  // namespace sluice
