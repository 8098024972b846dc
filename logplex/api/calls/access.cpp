#include <boost/json/array.hpp>

#include "logplex/api/calls/handlers.hpp"
#include "logplex/api/frame/changes.hpp"
#include "logplex/api/frame/json_body.hpp"
#include "logplex/api/frame/paging.hpp"
#include "logplex/base/bytes/utf8.hpp"
#include "logplex/net/secret_hash.hpp"
#include "logplex/wire/timestamp.hpp"

namespace sluice::api {
namespace json = boost::json;
namespace {

constexpr std::string_view kKeyPrefix = "sluice_";

constexpr BodyField kKeyFields[] = {
    {"name", JsonShape::kString, true, "label that tells people what the key is for"},
    {"scopes", JsonShape::kStrings, true,
     "logs:read, logs:write (POST /logs at ingress.http), drains:read, drains:write, apps:read, apps:write, admin"},
    {"channels", JsonShape::kStrings, false, "the only channels it may use; all when absent, none when empty"},
    {"expires_in", JsonShape::kText, false, "a duration such as 30d, or seconds; never when absent"},
};

checked<Scopes> read_scopes(const json::object& body) {
  Scopes scopes;
  for (const auto& name : strings_at(body, "scopes")) {
    const auto scope = parse_scope(name);
    if (!scope) return BadInput{"unknown scope " + shown_text(name, 100), "scopes"};
    scopes.add(*scope);
  }
  if (scopes.bits == 0) return BadInput{"scopes must name at least one scope", "scopes"};
  return scopes;
}

checked<std::optional<WallTime>> read_expiry(const json::object& body, WallTime now) {
  const auto text = text_at(body, "expires_in");
  if (!text) return std::optional<WallTime>();
  const bool bare = text->find_first_not_of("0123456789") == std::string::npos;
  const auto time = parse_duration(bare ? *text + "s" : *text);
  if (time.has_error() || *time <= Duration{0})
    return BadInput{"expires_in must be a duration such as 30d, or seconds", "expires_in"};
  return std::optional(now + std::chrono::duration_cast<std::chrono::microseconds>(*time));
}

std::string hexadecimal(std::uint64_t number) { return format_token_id(number); }

/// 256 random bits.
std::string new_key(Rng& rng) {
  std::string key(kKeyPrefix);
  for (int i = 0; i < 4; ++i) key += hexadecimal(rng.next());
  return key;
}

json::value channels_json(const ApiKey& key) {
  if (!key.limited()) return {};
  json::array channels;
  for (const auto& channel : *key.channels) channels.push_back(json::string(channel.id));
  return channels;
}

json::object key_json(const ApiKey& key) {
  json::array scopes;
  for (const auto name : key.scopes.names()) scopes.push_back(json::string(name));
  json::object out{{"id", key.id}, {"name", key.name}, {"scopes", std::move(scopes)}};
  out["channels"] = channels_json(key);
  out["expires"] = key.expires ? json::value(timestamp(*key.expires)) : json::value();
  return out;
}

/// The incarnations of the channels are filled in where the key is made.
std::optional<KeyChannels> read_channels(const json::object& body) {
  if (member(body, "channels") == nullptr) return std::nullopt;
  KeyChannels out;
  for (auto& id : strings_at(body, "channels")) out.push_back({std::move(id), std::nullopt});
  return out;
}

checked<ApiKey> read_key(const ApiCall& call) {
  ApiKey key;
  key.id = hexadecimal(call.parts.shard.rng().next());
  key.name = string_or(call.body, "name");
  SLUICE_TRY(key.scopes, read_scopes(call.body));
  key.channels = read_channels(call.body);
  SLUICE_TRY(key.expires, read_expiry(call.body, call.parts.shard.wall_now()));
  return key;
}

}  // namespace

const BodySchema kKeyBody{kKeyFields};

Task<ApiAnswer> create_key(ApiCall& call) {
  auto key = read_key(call);
  if (key.has_error()) co_return key.error().answer();
  const auto text = new_key(call.parts.shard.rng());
  key->hash = hash_secret(text);
  const auto id = key->id;
  Change change = CreateKey{std::move(*key), call.who.limits()};
  const auto applied = co_await call.make(std::move(change));
  if (applied.has_error()) co_return call.refused(applied.error());
  const auto* there = call.parts.config().key(id);
  if (there == nullptr) co_return error_answer(404, "the new key has already been deleted");
  auto made = key_json(*there);
  made["key"] = text;
  co_return json_answer(201, made);
}

Task<ApiAnswer> list_keys(ApiCall& call) { return list_page(call, &visible_keys, &key_json); }

Task<ApiAnswer> delete_key(ApiCall& call) { return remove_by(call, DeleteKey{call.parameter(0), call.who.limits()}); }

}  // namespace sluice::api
