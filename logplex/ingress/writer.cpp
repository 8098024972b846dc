#include "logplex/ingress/writer.hpp"

#include <cstring>

#include "logplex/model/names.hpp"
#include "logplex/model/principal.hpp"
#include "logplex/model/snapshot.hpp"
#include "logplex/net/http/authorization.hpp"
#include "logplex/net/secret_hash.hpp"
#include "logplex/wire/syslog_parse.hpp"

namespace sluice::ingress {
namespace {

using Found = boost::system::result<Writer, RefusedPost>;

RefusedPost unauthorized() { return {Refusal::kUnauthorized, 401, "Not Authorized"}; }
RefusedPost forbidden(std::string text) { return {Refusal::kForbidden, 403, std::move(text)}; }
RefusedPost bad_request(std::string text) { return {Refusal::kMalformed, 400, std::move(text)}; }

Found by_token(std::string_view secret, const ConfigSnapshot& config) {
  const auto token = parse_token(secret);
  if (!token || config.token(*token) == nullptr) return unauthorized();
  Writer writer;
  writer.token = token;
  return writer;
}

/// With a key, the query names channel and source: /logs?channel=shop&source=app.
Found by_key(const ApiKey& key, const HttpRequest& request, const ConfigSnapshot& config) {
  if (!key.scopes.has(Scope::kLogsWrite)) return forbidden("this key lacks the scope logs:write");
  const std::string* channel = request.query_value("channel");
  const std::string* source = request.query_value("source");
  if (channel == nullptr || channel->empty()) return bad_request("name the channel: /logs?channel=NAME");
  // Only the router writes router lines.
  if (*channel == kRouterChannel || !may_use(key, config, *channel))
    return forbidden("this key may not use that channel");
  if (config.channel(*channel) == nullptr) return RefusedPost{Refusal::kNotFound, 404, "no such channel"};
  Writer writer;
  writer.channel = *channel;
  writer.source = source == nullptr ? "app" : *source;
  writer.key = key.hash;
  if (const auto named = check_token_name(writer.source); !named)
    return bad_request("source must be 1 to 255 printable ASCII characters without space");
  return writer;
}

/// None when no credential has this id.
std::optional<Found> by_credential(const Authorization& given, const KeyHash& hash, const ConfigSnapshot& config) {
  const Credential* credential = given.user.empty() ? nullptr : config.credential(given.user);
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

Found authenticate_writer(const HttpRequest& request, const ConfigSnapshot& config, WallTime now) {
  const std::string* header = request.header("Authorization");
  const auto given = header == nullptr ? std::nullopt : Authorization::parse(*header);
  if (!given || given->secret.empty()) return unauthorized();
  if (given->user == "token" && given->secret.starts_with("t.")) return by_token(given->secret, config);
  const KeyHash hash = hash_secret(given->secret);
  if (const auto found = by_credential(*given, hash, config)) return *found;
  const ApiKey* key = config.key_by_hash(hash);
  if (key == nullptr || key->expired(now)) return unauthorized();
  return by_key(*key, request, config);
}

}  // namespace sluice::ingress
