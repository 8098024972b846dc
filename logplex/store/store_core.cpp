#include "logplex/store/store_core.hpp"

#include "logplex/base/log.hpp"
#include "logplex/model/config_error.hpp"

namespace sluice {
namespace {

// What others refer to comes first.
constexpr EntryKind kLoadOrder[] = {EntryKind::kChannel, EntryKind::kApp,    EntryKind::kToken,     EntryKind::kDrain,
                                    EntryKind::kSession, EntryKind::kApiKey, EntryKind::kCredential};

constexpr std::size_t kShownQuarantined = 100;

StoredCounters counters_of(const ConfigSnapshot& config) {
  return {config.revision(), config.next_drain_id(), config.next_channel_id()};
}

}  // namespace

result<StoreCore, Error> StoreCore::open(const std::string& path, const ConfigLimits& limits) {
  SLUICE_TRY(auto table, EntryTable::open(path));
  StoreCore core(std::move(table), limits);
  SLUICE_TRY_VOID(core.load());
  return core;
}

result<void, Error> StoreCore::load() {
  SLUICE_TRY(const auto counters, table_.read_counters());
  for (const auto kind : kLoadOrder) SLUICE_TRY_VOID(load_kind(kind));
  SLUICE_TRY(unknown_kinds_, table_.count_unknown());
  ChangedKeys nobody_yet;
  SnapshotEditor editor(config_, slots_, nobody_yet);
  editor.raise_counters(counters.next_drain_id, counters.next_channel_id);
  editor.set_revision(counters.revision);
  return {};
}

result<void, Error> StoreCore::load_kind(EntryKind kind) {
  return table_.read_entries(
      kind, [this, kind](std::string_view key, std::string_view json) { load_entry(kind, key, json); });
}

void StoreCore::load_entry(EntryKind kind, std::string_view key, std::string_view json) {
  ChangedKeys nobody_yet;
  SnapshotEditor editor(config_, slots_, nobody_yet);
  auto entry = decode_entry(kind, key, json);
  if (entry.has_error()) {
    quarantine(kind, key, entry.error().message);
    // The channel's name and flags are lost for now; its tokens and drains need not be.
    if (kind == EntryKind::kChannel && check_channel_id(key).has_value())
      editor.apply({kind, std::string(key), Channel{std::string(key), {}, {}, {}}});
    return;
  }
  if (const auto fits = editor.fits(*entry); fits.has_error()) return quarantine(kind, key, fits.error().message);
  editor.apply({kind, std::string(key), std::move(*entry)});
}

void StoreCore::quarantine(EntryKind kind, std::string_view key, const std::string& reason) {
  log_warning("configuration entry left out",
              {{"file", table_.path()}, {"kind", name_of(kind)}, {"key", public_key(kind, key)}, {"reason", reason}});
  quarantined_[{kind, std::string(key)}] = reason;
}

void StoreCore::release(const std::vector<Effect>& effects) {
  if (quarantined_.empty()) return;
  for (const auto& effect : effects) {
    quarantined_.erase({effect.kind, effect.key});
    if (effect.entry || effect.kind != EntryKind::kChannel) continue;
    std::erase_if(quarantined_, [&effect](const auto& item) {
      return item.first.first == EntryKind::kToken && item.first.second.starts_with(effect.key + "/");
    });
  }
}

StoreCore::Batch StoreCore::apply(std::span<const Change> changes) {
  Batch batch;
  ConfigSnapshot next = config_;
  SnapshotEditor editor(next, slots_, batch.changed);
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
    // What was refused was refused in view of changes that did not happen either.
    for (auto& outcome : batch.outcomes) outcome = Error{ConfigError::kUnavailable, trouble_};
    batch.changed = {};
    batch.failed = true;
    return batch;
  }
  release(all);
  config_ = std::move(next);
  batch.wrote = true;
  return batch;
}

std::uint64_t StoreCore::entries() const {
  return config_.app_count() + config_.channel_count() + config_.token_count() + config_.drain_count() +
         config_.session_count() + config_.key_count() + config_.credential_count();
}

StoreStatus StoreCore::status() const {
  StoreStatus out;
  out.reachable = trouble_.empty();
  out.trouble = trouble_;
  out.revision = config_.revision();
  out.entries = entries();
  out.unknown_kinds = unknown_kinds_;
  out.quarantined_count = quarantined_.size();
  for (const auto& [name, reason] : quarantined_) {
    if (out.quarantined.size() == kShownQuarantined) break;
    out.quarantined.push_back({std::string(name_of(name.first)), public_key(name.first, name.second), reason});
  }
  return out;
}

}  // namespace sluice
