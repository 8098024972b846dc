#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "logplex/model/field_reader.hpp"
#include "logplex/model/sealed_entry.hpp"

namespace sluice {

namespace json = boost::json;

namespace {

// Defaults are left out: an entry says only what it sets.

void add_text(json::object& out, std::string_view name, const std::string& text) {
  if (!text.empty()) out[name] = text;
}
void add_flag(json::object& out, std::string_view name, bool flag) {
  if (flag) out[name] = true;
}
void add_secret(json::object& out, std::string_view name, const Secret& secret, const SealedPlace& place) {
  if (!secret.empty()) out[name] = sealed(secret, place.of(name));
}
void add_kept(json::object& out, const KeptFields& kept) {
  if (!kept.fields) return;
  for (const auto& [name, value] : *kept.fields) out.emplace(name, value);
}
template <class List>
void add_texts(json::object& out, std::string_view name, const List& texts) {
  if (texts.empty()) return;
  json::array list;
  for (const auto& text : texts) list.emplace_back(json::string_view(text.data(), text.size()));
  out[name] = std::move(list);
}

std::int64_t microseconds(WallTime time) { return time.time_since_epoch().count(); }

std::string hex(const KeyHash& hash) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const auto byte : hash) (out += kDigits[byte >> 4]) += kDigits[byte & 15];
  return out;
}

json::object backend_json(const Backend& backend) {
  json::object out{{"name", backend.name},
                   {"address", backend.address},
                   {"soft", backend.soft},
                   {"hard", backend.hard},
                   {"weight", backend.weight}};
  add_flag(out, "guarded", backend.guarded);
  return out;
}

json::object features_json(const Features& features) {
  json::object out;
  add_flag(out, "maintenance", features.maintenance);
  add_flag(out, "session_affinity", features.session_affinity);
  if (features.balance != Balance::kPowerOfTwo) out["balance"] = json::string_view(name_of(features.balance));
  add_kept(out, features.kept);
  return out;
}

json::array headers_json(const Drain& drain, const SealedPlace& place) {
  json::array out;
  for (const auto& [name, value] : drain.headers)
    out.push_back(json::object{{"name", name}, {"value", sealed(value, place.of(name).of("value"))}});
  return out;
}

/// Writes ids and incarnations as separate lists, so that a version without incarnations can read the ids.
void add_channels(json::object& out, const KeyChannels& channels) {
  json::array ids;
  json::array incarnations;
  for (const auto& channel : channels) {
    ids.emplace_back(json::string_view(channel.id.data(), channel.id.size()));
    incarnations.emplace_back(channel.incarnation ? json::value(format_token_id(*channel.incarnation)) : json::value());
  }
  out["channels"] = std::move(ids);
  out["incarnations"] = std::move(incarnations);
}

/// The oldest format that may read the entry. Format 1 takes a key without channels for one that may use all, so a key
/// with an empty list needs format 2.
int readable_by(const Entry& entry) {
  const auto* key = std::get_if<ApiKey>(&entry);
  return key != nullptr && key->limited() && key->channels->empty() ? 2 : 1;
}

struct FieldsOf {
  const SealedPlace& place;

  json::object operator()(const App& app) const {
    json::object out;
    add_texts(out, "domains", app.domains);
    json::array backends;
    for (const auto& backend : app.backends) backends.push_back(backend_json(backend));
    if (!backends.empty()) out["backends"] = std::move(backends);
    auto features = features_json(app.features);
    if (!features.empty()) out["features"] = std::move(features);
    return out;
  }
  json::object operator()(const Channel& channel) const {
    json::object out;
    add_text(out, "name", channel.name);
    std::vector<std::string_view> flags;
    if (channel.flags.no_tail) flags.push_back("no_tail");
    if (channel.flags.no_history) flags.push_back("no_redis");
    add_texts(out, "flags", flags);
    if (channel.incarnation != 0) out["incarnation"] = format_token_id(channel.incarnation);
    return out;
  }
  json::object operator()(const Token& token) const {
    return {{"name", token.name}, {"value", sealed(Secret(token.value.str()), place.of("value"))}};
  }
  json::object operator()(const Drain& drain) const {
    json::object out;
    out["token"] = drain.token.str();
    add_text(out, "channel", drain.channel);
    add_secret(out, "url", drain.url, place);
    add_text(out, "format", drain.format);
    add_flag(out, "durable", drain.durable);
    add_text(out, "filter", drain.filter);
    if (!drain.headers.empty()) out["headers"] = headers_json(drain, place.of("headers"));
    add_text(out, "ca", drain.ca);
    add_text(out, "client_cert", drain.client_cert);
    add_secret(out, "client_key", drain.client_key, place);
    add_secret(out, "secret", drain.secret, place);
    add_flag(out, "paused", drain.paused);
    return out;
  }
  json::object operator()(const Session& session) const {
    return {{"channel", session.channel}, {"query", session.query}, {"expires", microseconds(session.expires)}};
  }
  json::object operator()(const ApiKey& key) const {
    json::object out;
    add_text(out, "name", key.name);
    out["sha256"] = hex(key.hash);
    add_texts(out, "scopes", key.scopes.names());
    out["all_channels"] = !key.limited();
    if (key.limited()) add_channels(out, *key.channels);
    if (key.expires) out["expires"] = microseconds(*key.expires);
    add_text(out, "root", key.root);
    return out;
  }
  json::object operator()(const Credential& credential) const {
    json::object out;
    add_text(out, "name", credential.name);
    if (credential.hash) out["sha256"] = hex(*credential.hash);
    add_flag(out, "full_api", credential.full_api);
    add_flag(out, "any_channel", credential.any_channel);
    add_secret(out, "seal", credential.seal, place);
    return out;
  }
};

}  // namespace

std::string encode_entry(const Entry& entry, const Seal* seal) {
  const SealedPlace place{seal, std::string(name_of(kind_of(entry))) + "\n" + key_of(entry)};
  const int format = readable_by(entry);
  json::object out{{"v", format}};
  if (format != 1) out["min"] = format;
  for (auto& [name, value] : std::visit(FieldsOf{place}, entry)) out.emplace(name, std::move(value));
  add_kept(out, std::visit([](const auto& noun) { return noun.kept; }, entry));
  return json::serialize(out);
}

std::string encode_entry(const Entry& entry) { return encode_entry(entry, nullptr); }

}  // namespace sluice
