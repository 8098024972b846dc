#include <boost/json/array.hpp>

#include "logplex/api/changes.hpp"
#include "logplex/api/handlers.hpp"
#include "logplex/api/json_body.hpp"
#include "logplex/net/secret_hash.hpp"
#include "logplex/wire/timestamp.hpp"

namespace sluice {
namespace json = boost::json;
namespace {

constexpr std::string_view kKeyPrefix = "sluice_";

constexpr BodyField kKeyFields[] = {
    {"name", JsonShape::kString, true, "for people"},
    {"scopes", JsonShape::kStrings, true, "logs:read, logs:write, drains:read, drains:write, apps:write, admin"},
    {"channels", JsonShape::kStrings, false, "the only channels it may use; all when absent"},
    {"expires_in", JsonShape::kText, false, "a duration such as 30d, or seconds; never when absent"},
};

checked<Scopes> read_scopes(const json::object& body) {
  Scopes scopes;
  for (const auto& name : strings_at(body, "scopes")) {
    const auto scope = parse_scope(name);
    if (!scope) return BadInput{"unknown scope " + name.substr(0, 100), "scopes"};
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

json::object key_json(const ApiKey& key) {
  json::array scopes;
  for (const auto name : key.scopes.names()) scopes.push_back(json::string(name));
  json::array channels;
  for (const auto& channel : key.channels) channels.push_back(json::string(channel));
  json::object out{{"id", key.id}, {"name", key.name}, {"scopes", std::move(scopes)}};
  out["channels"] = key.channels.empty() ? json::value() : json::value(std::move(channels));
  out["expires"] = key.expires ? json::value(timestamp(*key.expires)) : json::value();
  return out;
}

checked<ApiKey> read_key(const ApiCall& call) {
  ApiKey key;
  key.id = hexadecimal(call.parts.shard.rng().next());
  key.name = string_or(call.body, "name");
  SLUICE_TRY(key.scopes, read_scopes(call.body));
  key.channels = strings_at(call.body, "channels");
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
  auto made = key_json(*key);
  made["key"] = text;
  Change change = CreateKey{std::move(*key)};
  const auto applied = co_await call.parts.changes.make(std::move(change));
  co_return applied.has_error() ? answer_for(applied.error()) : json_answer(201, made);
}

Task<ApiAnswer> list_keys(ApiCall& call) {
  const auto query = PageQuery::from(call.query());
  if (query.has_error()) co_return query.error().answer();
  const auto page = call.parts.config().keys(query->cursor, query->limit);
  json::array items;
  for (const auto* key : page.items) items.push_back(key_json(*key));
  co_return list_answer(std::move(items), page.next);
}

Task<ApiAnswer> delete_key(ApiCall& call) { return remove_by(call, DeleteKey{call.parameter(0)}); }

}  // namespace sluice
