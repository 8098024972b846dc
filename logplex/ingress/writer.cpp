#include "logplex/ingress/writer.hpp"

#include <cstring>

#include "logplex/model/names.hpp"
#include "logplex/model/principal.hpp"
#include "logplex/model/snapshot.hpp"
#include "logplex/net/secret_hash.hpp"
#include "logplex/wire/syslog_parse.hpp"

namespace sluice::ingress {
namespace {

using Found = boost::system::result<Writer, Refused>;

Refused unauthorized() { return {Refusal::kUnauthorized, "Not Authorized"}; }
Refused forbidden(std::string text) { return {Refusal::kForbidden, std::move(text)}; }
Refused malformed(std::string text) { return {Refusal::kMalformed, std::move(text)}; }

Found by_token(std::string_view secret, const ConfigSnapshot& config) {
  const auto token = parse_token(secret);
  if (!token || config.token(*token) == nullptr) return unauthorized();
  Writer writer;
  writer.token = token;
  return writer;
}

Found by_key(const ApiKey& key, const Credentials& given, const ConfigSnapshot& config) {
  if (!key.scopes.has(Scope::kLogsWrite)) return forbidden("this key lacks the scope logs:write");
  if (given.channel.empty()) return malformed("name the channel: " + std::string(given.channel_example));
  // Only the router writes router lines.
  if (given.channel == kRouterChannel || !may_use(key, config, given.channel))
    return forbidden("this key may not use that channel");
  if (config.channel(given.channel) == nullptr) return Refused{Refusal::kNotFound, "no such channel"};
  Writer writer;
  writer.channel = given.channel;
  writer.source = given.source;
  writer.key = key.hash;
  if (const auto named = check_token_name(writer.source); !named)
    return malformed("source must be 1 to 255 printable ASCII characters without space");
  return writer;
}

/// None when no credential has this id.
std::optional<Found> by_credential(std::string_view user, const KeyHash& hash, const ConfigSnapshot& config) {
  const Credential* credential = user.empty() ? nullptr : config.credential(user);
  if (credential == nullptr || !credential->hash || !same_hash(*credential->hash, hash)) return std::nullopt;
  if (!credential->any_channel) return Found(forbidden("Credential not permitted to write to any channel."));
  return Found(Writer{});
}

}  // namespace

SenderId sender_of(const Uuid& token) { return SenderId::of(UuidHash{}(token)); }

SenderId Writer::sender() const {
  if (token) return sender_of(*token);
  std::uint64_t bits = 0;
  std::memcpy(&bits, key.data(), sizeof bits);
  return SenderId::of(bits);
}

std::optional<Writer::Target> Writer::target(const ConfigSnapshot& config, WallTime now) const {
  if (token) {
    const TokenEntry* entry = config.token(*token);
    if (entry == nullptr) return std::nullopt;
    return Target{entry->channel, std::string(entry->source())};
  }
  const ApiKey* found = config.key_by_hash(key);
  const ChannelEntry* entry = config.channel(channel);
  if (found == nullptr || found->expired(now) || entry == nullptr || !may_write(*found, config, channel))
    return std::nullopt;
  return Target{entry->slot, source};
}

Found authenticate_writer(const Credentials& given, const ConfigSnapshot& config, WallTime now) {
  if (given.secret.empty()) return unauthorized();
  if (given.user == "token" && given.secret.starts_with("t.")) return by_token(given.secret, config);
  const KeyHash hash = hash_secret(given.secret);
  if (const auto found = by_credential(given.user, hash, config)) return *found;
  const ApiKey* key = config.key_by_hash(hash);
  if (key == nullptr || key->expired(now)) return unauthorized();
  return by_key(*key, given, config);
}

}  // namespace sluice::ingress
