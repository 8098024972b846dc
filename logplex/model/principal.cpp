#include "logplex/model/principal.hpp"

#include <algorithm>

#include "logplex/model/snapshot.hpp"

namespace sluice {
namespace {

const KeyChannel* find(const KeyChannels& channels, std::string_view id) {
  const auto at = std::ranges::lower_bound(channels, id, {}, &KeyChannel::id);
  return at == channels.end() || at->id != id ? nullptr : &*at;
}

bool opens(const std::optional<KeyChannels>& channels, const ConfigSnapshot& config, std::string_view id) {
  if (!channels) return true;
  const auto* named = find(*channels, id);
  if (named == nullptr) return false;
  const auto* channel = config.channel(id);
  if (channel == nullptr) return !named->incarnation;
  return named->incarnation == channel->channel.incarnation;
}

bool all_among(const KeyChannels& some, const KeyChannels& all) {
  return std::ranges::all_of(some, [&all](const KeyChannel& channel) {
    const auto* own = find(all, channel.id);
    return own != nullptr && own->incarnation == channel.incarnation;
  });
}

}  // namespace

bool names_others(const ApiKey& key, const ApiKey& other) {
  if (!key.limited()) return false;
  if (!other.limited()) return true;
  return std::ranges::any_of(*other.channels,
                             [&key](const KeyChannel& channel) { return !find(*key.channels, channel.id); });
}

Principal Principal::everything(std::string credential) {
  Principal who;
  who.full = true;
  who.id = std::move(credential);
  who.sharer = who.id;
  return who;
}

Principal Principal::of(const ApiKey& key) {
  return {false, key.id, key.sharer(), key.scopes, key.channels, key.expires};
}

bool Principal::may_use(const ConfigSnapshot& config, std::string_view channel) const {
  return full || opens(channels, config, channel);
}

bool may_use(const ApiKey& key, const ConfigSnapshot& config, std::string_view channel) {
  return opens(key.channels, config, channel);
}

bool may_write(const ApiKey& key, const ConfigSnapshot& config, std::string_view channel) {
  if (channel == kRouterChannel || !key.scopes.has(Scope::kLogsWrite)) return false;
  return config.channel(channel) != nullptr && may_use(key, config, channel);
}

std::string what_exceeds(const ApiKey& key, const ApiKey& other) {
  if (!key.scopes.cover(other.scopes)) return "scopes must be among those of the key that makes this request";
  if (key.limited() && !other.limited())
    return "channels is required, because the key that makes this request is limited to some channels";
  if (key.limited() && !all_among(*other.channels, *key.channels))
    return "channels must be among those of the key that makes this request";
  if (key.expires && (!other.expires || *other.expires > *key.expires))
    return "expires_in must not be later than the expiry of the key that makes this request";
  return {};
}

bool may_manage(const ApiKey& key, const ApiKey& other) {
  if (!what_exceeds(key, other).empty()) return false;
  if (!key.limited() || !other.channels->empty()) return true;
  return !key.channels->empty() && other.sharer() == key.sharer();
}

}  // namespace sluice
