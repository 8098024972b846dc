#include "logplex/store/entry_loader.hpp"

#include "logplex/base/bytes/utf8.hpp"
#include "logplex/base/log.hpp"
#include "logplex/model/sealed_entry.hpp"
#include "logplex/store/store.hpp"

namespace sluice {
namespace {

constexpr std::size_t kShownQuarantined = 100;
constexpr std::size_t kShownReason = 300;

}  // namespace

bool EntryLoader::take(EntryKind kind, std::string_view key, std::string_view json, ChangedKeys& changed) {
  auto entry = decode_entry(kind, key, json, seal());
  if (entry.has_value()) return put({kind, std::string(key), std::move(*entry)}, changed);
  leave_out(kind, key, entry.error().message, changed);
  return false;
}

void EntryLoader::leave_out(EntryKind kind, std::string_view key, const std::string& reason, ChangedKeys& changed) {
  quarantine(kind, key, reason);
  // The channel's name and flags are lost for now, but keep the channel so that its tokens and drains stay in force.
  if (kind == EntryKind::kChannel && config_.channel(key) == nullptr && check_channel_id(key).has_value())
    editor(changed).apply({kind, std::string(key), Channel{std::string(key), {}, {}, {}}});
}

bool EntryLoader::put(Effect effect, ChangedKeys& changed) {
  auto edit = editor(changed);
  if (const auto fits = edit.fits(*effect.entry); fits.has_error()) {
    quarantine(effect.kind, effect.key, fits.error().message);
    return false;
  }
  edit.apply(effect);
  if (!quarantined_.empty()) quarantined_.erase({effect.kind, effect.key});
  return true;
}

void EntryLoader::quarantine(EntryKind kind, std::string_view key, const std::string& reason) {
  auto& known = quarantined_[{kind, std::string(key)}];
  if (known == reason) return;
  known = reason;
  log_warning("configuration entry left out", {{"source", source_},
                                               {"kind", name_of(kind)},
                                               {"key", public_key(kind, key)},
                                               {"reason", shown_text(reason, kShownReason)}});
}

void EntryLoader::release(const std::vector<Effect>& effects) {
  if (quarantined_.empty()) return;
  for (const auto& effect : effects) {
    quarantined_.erase({effect.kind, effect.key});
    if (effect.entry || effect.kind != EntryKind::kChannel) continue;
    std::erase_if(quarantined_, [&effect](const auto& item) {
      return item.first.first == EntryKind::kToken && item.first.second.starts_with(effect.key + "/");
    });
  }
}

bool EntryLoader::has_quarantined(EntryKind kind, const std::string& prefix) const {
  const auto found = quarantined_.lower_bound({kind, prefix});
  return found != quarantined_.end() && found->first.first == kind && found->first.second.starts_with(prefix);
}

std::uint64_t EntryLoader::entries() const {
  return config_.app_count() + config_.channel_count() + config_.token_count() + config_.drain_count() +
         config_.session_count() + config_.key_count() + config_.credential_count();
}

void EntryLoader::describe(StoreStatus& status) const {
  status.revision = config_.revision();
  status.entries = entries();
  status.quarantined_count = quarantined_.size();
  status.quarantined.clear();
  for (const auto& [name, reason] : quarantined_) {
    if (status.quarantined.size() == kShownQuarantined) break;
    status.quarantined.push_back(
        {std::string(name_of(name.first)), public_key(name.first, name.second), shown_text(reason, kShownReason)});
  }
}

}  // namespace sluice
