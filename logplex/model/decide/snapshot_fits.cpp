#include "logplex/model/config_error.hpp"
#include "logplex/model/decide/snapshot_editor.hpp"

namespace sluice {
namespace {

Error damaged(std::string message) { return {ConfigError::kDamaged, std::move(message)}; }

struct Fits {
  const ConfigSnapshot& config;

  result<void, Error> operator()(const App& app) const {
    for (const auto& domain : app.domains) {
      const auto* owner = config.owner_of_domain(domain);
      if (owner != nullptr && owner->app.name != app.name)
        return damaged("domain " + domain + " also belongs to app " + owner->app.name);
    }
    return {};
  }
  result<void, Error> operator()(const Token& token) const {
    if (config.channel(token.channel) == nullptr) return damaged("its channel does not exist");
    const auto* same = config.token(token.value);
    if (same != nullptr && (same->token.channel != token.channel || same->token.id != token.id))
      return damaged("another token has the same value");
    return {};
  }
  result<void, Error> operator()(const Drain& drain) const {
    if (!drain.global() && config.channel(drain.channel) == nullptr) return damaged("its channel does not exist");
    const auto* same = config.drain(drain.id);
    if (same != nullptr && same->drain.channel != drain.channel)
      return damaged("its channel differs from the one that it had before");
    return {};
  }
  result<void, Error> operator()(const ApiKey& key) const {
    const auto* same = config.key_by_hash(key.hash);
    if (same != nullptr && same->id != key.id) return damaged("another key has the same hash");
    return {};
  }
  result<void, Error> operator()(const Channel&) const { return {}; }
  result<void, Error> operator()(const Session&) const { return {}; }
  result<void, Error> operator()(const Credential&) const { return {}; }
};

}  // namespace

result<void, Error> SnapshotEditor::fits(const Entry& entry) const { return std::visit(Fits{config_}, entry); }

}  // namespace sluice
