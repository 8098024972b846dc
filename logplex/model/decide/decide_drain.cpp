#include <algorithm>

#include "logplex/model/decide/decide_parts.hpp"

namespace sluice {
namespace {

using Drains = std::vector<std::shared_ptr<const DrainEntry>>;

/// The drains of the channel, or the global ones.
result<const Drains*, Error> neighbours(const ConfigSnapshot& config, const std::string& channel) {
  if (channel.empty()) return &config.global_drains();
  const auto* entry = config.channel(channel);
  if (entry == nullptr) return not_found("no such channel");
  return &entry->drains;
}

result<const Drain*, Error> existing_drain(const ConfigSnapshot& config, const std::string& channel, std::uint64_t id) {
  SLUICE_TRY(const Drains* drains, neighbours(config, channel));
  for (const auto& entry : *drains)
    if (entry->drain.id == id) return &entry->drain;
  return not_found("no such drain");
}

/// Checks the number of drains, and that no other has this url. `self` is not counted.
result<void, Error> check_room(const Drains& drains, const Drain& drain, std::size_t limit, std::uint64_t self) {
  std::size_t with_url = 0;
  std::size_t reserved = 0;
  for (const auto& entry : drains) {
    if (entry->drain.id == self) continue;
    (entry->drain.reserved() ? reserved : with_url) += 1;
    if (!drain.reserved() && entry->drain.url == drain.url) return conflict("already exists");
  }
  if (drain.reserved() ? reserved >= limit + kSpareReserved : with_url >= limit)
    return over_limit("maximum number of drains reached");
  return {};
}

/// Checks that the drain is acceptable and its bytes fit; `before` is the drain that it replaces.
result<void, Error> check_drain(const Decider& in, const Drain& drain, const Drain* before) {
  SLUICE_TRY_VOID(acceptable(drain));
  const auto now = before == nullptr ? 0 : stored_bytes(*before);
  const auto then = stored_bytes(drain);
  SLUICE_TRY_VOID(check_entry_bytes(in.limits, "the drain", now, then));
  return check_channel_bytes(in.config, in.limits, drain.channel, now, then);
}

}  // namespace

result<Effects, Error> Decider::operator()(const CreateDrain& change) const {
  SLUICE_TRY(const Drains* drains, neighbours(config, change.drain.channel));
  Drain drain = change.drain;
  drain.id = config.next_drain_id();
  while (config.drain(drain.id) != nullptr) ++drain.id;
  SLUICE_TRY_VOID(acceptable(drain));
  const auto limit = drain.global() ? limits.global_drains : limits.drains_per_channel;
  SLUICE_TRY_VOID(check_room(*drains, drain, limit, 0));
  SLUICE_TRY_VOID(check_drain(*this, drain, nullptr));
  Effects effects;
  effects.applied.created = true;
  effects.applied.drain_id = drain.id;
  write(effects, std::move(drain));
  return effects;
}

result<Effects, Error> Decider::operator()(const PutDrain& change) const {
  SLUICE_TRY(const Drain* before, existing_drain(config, change.drain.channel, change.drain.id));
  if (change.drain.reserved()) return invalid("url is missing");
  SLUICE_TRY_VOID(check_drain(*this, change.drain, before));
  SLUICE_TRY(const Drains* drains, neighbours(config, change.drain.channel));
  const auto limit = change.drain.global() ? limits.global_drains : limits.drains_per_channel;
  SLUICE_TRY_VOID(check_room(*drains, change.drain, limit, change.drain.id));
  Drain drain = change.drain;
  drain.token = before->token;
  drain.paused = before->paused;
  drain.kept = before->kept;
  Effects effects;
  effects.applied.drain_id = drain.id;
  write(effects, std::move(drain));
  return effects;
}

result<Effects, Error> Decider::operator()(const DeleteDrain& change) const {
  SLUICE_TRY([[maybe_unused]] const Drain* before, existing_drain(config, change.channel, change.id));
  Effects effects;
  remove(effects, EntryKind::kDrain, std::to_string(change.id));
  return effects;
}

result<Effects, Error> Decider::operator()(const SetDrainPaused& change) const {
  SLUICE_TRY(const Drain* before, existing_drain(config, change.channel, change.id));
  Drain drain = *before;
  drain.paused = change.paused;
  Effects effects;
  effects.applied.drain_id = drain.id;
  write(effects, std::move(drain));
  return effects;
}

}  // namespace sluice
