#include <algorithm>
#include <set>

#include "logplex/model/decide/decide_parts.hpp"
#include "logplex/model/decide/domain_rules.hpp"
#include "logplex/model/names.hpp"

namespace sluice {
namespace {

result<const App*, Error> existing_app(const ConfigSnapshot& config, const std::string& name) {
  const auto* entry = config.app(name);
  if (entry == nullptr) return not_found("no such app");
  return &entry->app;
}

/// The error of a value in a list: its sentence begins with the field of the list.
Error in_field(const char* field, Error error) {
  if (error.code == ConfigError::kInvalid) error.message = std::string(field) + ": " + error.message;
  return error;
}

/// The backend in its stored form; acceptable() is checked later.
result<Backend, Error> normal_backend(Backend backend) {
  SLUICE_TRY(backend.address, normal_address(backend.address));
  return backend;
}

result<std::vector<std::string>, Error> checked_domains(const Decider& in, const PutApp& change) {
  if (change.domains.size() > in.limits.domains_per_app) return over_limit("maximum number of domains reached");
  const DomainRules rules{in.config, change.name, change.rights};
  std::vector<std::string> out;
  std::set<std::string> seen;
  for (const auto& domain : change.domains) {
    auto normal = rules.acceptable(domain);
    if (normal.has_error()) return in_field("domains", normal.error());
    if (seen.insert(*normal).second) out.push_back(std::move(*normal));
  }
  return out;
}

result<std::vector<Backend>, Error> normal_backends(const Decider& in, const PutApp& change) {
  if (change.backends.size() > in.limits.backends_per_app) return over_limit("maximum number of backends reached");
  std::vector<Backend> out;
  for (const auto& backend : change.backends) {
    auto normal = normal_backend(backend);
    if (normal.has_error()) return in_field("backends", normal.error());
    out.push_back(std::move(*normal));
  }
  return out;
}

/// Writes the app in place of `before` (null = new), if it is acceptable and fits the limits.
result<Effects, Error> written(const Decider& in, App app, const App* before) {
  SLUICE_TRY_VOID(acceptable(app));
  const auto now = before == nullptr ? 0 : stored_bytes(*before);
  const auto then = stored_bytes(app);
  SLUICE_TRY_VOID(check_entry_bytes(in.limits, "the app", now, then));
  SLUICE_TRY_VOID(check_channel_bytes(in.config, in.limits, app.name, now, then));
  Effects effects;
  write(effects, std::move(app));
  return effects;
}

}  // namespace

result<Effects, Error> Decider::operator()(const PutApp& change) const {
  SLUICE_TRY_VOID(check_app_name(change.name));
  App app;
  app.name = change.name;
  SLUICE_TRY(app.domains, checked_domains(*this, change));
  SLUICE_TRY(app.backends, normal_backends(*this, change));
  app.features = change.features;
  const auto* before = config.app(change.name);
  if (before != nullptr) app.kept = before->app.kept;
  if (before != nullptr) app.features.kept = before->app.features.kept;
  SLUICE_TRY(auto effects, written(*this, std::move(app), before == nullptr ? nullptr : &before->app));
  effects.applied.created = before == nullptr;
  if (config.channel(change.name) != nullptr) return effects;
  make_channel(effects, config, Channel{change.name, {}, {}, {}, change.incarnation});
  std::rotate(effects.list.begin(), effects.list.end() - 1, effects.list.end());
  return effects;
}

result<Effects, Error> Decider::operator()(const DeleteApp& change) const {
  SLUICE_TRY([[maybe_unused]] const App* app, existing_app(config, change.name));
  Effects effects;
  remove(effects, EntryKind::kApp, change.name);
  const auto* channel = config.channel(change.name);
  if (channel != nullptr && !change.keep_channel) remove_channel(effects, *channel);
  return effects;
}

result<Effects, Error> Decider::operator()(const PutBackend& change) const {
  SLUICE_TRY(const App* before, existing_app(config, change.app));
  SLUICE_TRY(auto backend, normal_backend(change.backend));
  SLUICE_TRY_VOID(acceptable(backend));
  App app = *before;
  const auto at = std::find_if(app.backends.begin(), app.backends.end(),
                               [&backend](const Backend& other) { return other.name == backend.name; });
  const bool created = at == app.backends.end();
  if (created && app.backends.size() >= limits.backends_per_app)
    return over_limit("maximum number of backends reached");
  if (created)
    app.backends.push_back(std::move(backend));
  else
    *at = std::move(backend);
  SLUICE_TRY(auto effects, written(*this, std::move(app), before));
  effects.applied.created = created;
  return effects;
}

result<Effects, Error> Decider::operator()(const RemoveBackend& change) const {
  SLUICE_TRY(const App* before, existing_app(config, change.app));
  App app = *before;
  if (std::erase_if(app.backends, [&change](const Backend& backend) { return backend.name == change.name; }) == 0)
    return not_found("no such backend");
  return written(*this, std::move(app), before);
}

result<Effects, Error> Decider::operator()(const AddDomain& change) const {
  SLUICE_TRY(const App* before, existing_app(config, change.app));
  SLUICE_TRY(auto domain, (DomainRules{config, change.app, change.rights}.acceptable(change.domain)));
  App app = *before;
  const bool created = std::find(app.domains.begin(), app.domains.end(), domain) == app.domains.end();
  if (created && app.domains.size() >= limits.domains_per_app) return over_limit("maximum number of domains reached");
  if (created) app.domains.push_back(std::move(domain));
  SLUICE_TRY(auto effects, written(*this, std::move(app), before));
  effects.applied.created = created;
  return effects;
}

result<Effects, Error> Decider::operator()(const RemoveDomain& change) const {
  SLUICE_TRY(const App* before, existing_app(config, change.app));
  SLUICE_TRY(auto domain, normal_domain(change.domain));
  App app = *before;
  if (std::erase(app.domains, domain) == 0) return not_found("no such domain");
  return written(*this, std::move(app), before);
}

result<Effects, Error> Decider::operator()(const PatchFeatures& change) const {
  SLUICE_TRY(const App* before, existing_app(config, change.app));
  App app = *before;
  app.features.maintenance = change.maintenance.value_or(app.features.maintenance);
  app.features.session_affinity = change.session_affinity.value_or(app.features.session_affinity);
  app.features.balance = change.balance.value_or(app.features.balance);
  return written(*this, std::move(app), before);
}

}  // namespace sluice
