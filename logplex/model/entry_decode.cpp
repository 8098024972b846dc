#include <algorithm>
#include <charconv>

#include <boost/json/parse.hpp>

#include "logplex/model/acceptable.hpp"
#include "logplex/model/config_error.hpp"
#include "logplex/model/field_reader.hpp"
#include "logplex/model/names.hpp"
#include "logplex/model/sealed_entry.hpp"

namespace sluice {

namespace json = boost::json;

namespace {

constexpr std::uint64_t kMaxTime = std::uint64_t{1} << 62;
constexpr std::uint32_t kMaxCount = 1'000'000'000;

/// Replaces ends after kLastEnd by kLastEnd: earlier versions allowed them.
WallTime wall_time(std::uint64_t microseconds) {
  return std::min(WallTime(std::chrono::microseconds(static_cast<std::int64_t>(microseconds))), kLastEnd);
}

FieldReader reader_of(json::value& item, SealedPlace place) {
  return {item.is_object() ? std::move(item.get_object()) : json::object(), std::move(place)};
}

std::optional<KeyHash> parse_hash(std::string_view text) {
  KeyHash hash{};
  if (text.size() != hash.size() * 2) return std::nullopt;
  for (std::size_t i = 0; i < hash.size(); ++i) {
    const auto* begin = text.data() + 2 * i;
    const auto [end, ec] = std::from_chars(begin, begin + 2, hash[i], 16);
    if (ec != std::errc() || end != begin + 2) return std::nullopt;
  }
  return hash;
}

KeyHash take_hash(FieldReader& in) {
  const auto hash = parse_hash(in.text("sha256"));
  if (!hash) in.fail("sha256", "must be 64 hexadecimal digits");
  return hash.value_or(KeyHash{});
}

Backend take_backend(FieldReader& in) {
  Backend backend;
  backend.name = in.text("name");
  backend.address = in.text("address");
  backend.soft = static_cast<std::uint32_t>(in.number("soft", 20, kMaxCount));
  backend.hard = static_cast<std::uint32_t>(in.number("hard", 0, kMaxCount));
  backend.weight = static_cast<std::uint32_t>(in.number("weight", 1, kMaxCount));
  backend.guarded = in.flag("guarded");
  if (auto normal = normal_address(backend.address); normal.has_value()) backend.address = std::move(*normal);
  return backend;
}

Features take_features(FieldReader& in) {
  Features features;
  features.maintenance = in.flag("maintenance");
  features.session_affinity = in.flag("session_affinity");
  // A balance that this version does not know must not stop the app: it counts as kPowerOfTwo.
  features.balance = parse_balance(in.text("balance")).value_or(Balance::kPowerOfTwo);
  features.kept = in.rest();
  return features;
}

void take_backends(FieldReader& in, App& app) {
  for (auto& item : in.list("backends")) {
    auto fields = reader_of(item, in.place().of("backends"));
    app.backends.push_back(take_backend(fields));
    if (fields.failed()) in.fail("backends", "holds a backend whose " + fields.status().error().message);
  }
}

Entry take_app(FieldReader& in, std::string_view key) {
  App app;
  app.name = key;
  if (check_app_name(key).has_error()) in.fail("(key)", "is not an app name");
  app.domains = in.texts("domains");
  take_backends(in, app);
  FieldReader features(in.object("features").value_or(json::object()), in.place().of("features"));
  app.features = take_features(features);
  if (features.failed()) in.fail("features", features.status().error().message);
  app.kept = in.rest();
  return app;
}

std::uint64_t take_incarnation(FieldReader& in) {
  const auto text = in.text("incarnation");
  const auto number = parse_token_id(text);
  if (!text.empty() && !number) in.fail("incarnation", "must be 16 hexadecimal digits");
  return number.value_or(0);
}

Entry take_channel(FieldReader& in, std::string_view key) {
  Channel channel;
  channel.id = key;
  if (check_channel_id(key).has_error()) in.fail("(key)", "is not a channel id");
  channel.name = in.text("name");
  for (const auto& flag : in.texts("flags")) {
    channel.flags.no_tail |= flag == "no_tail";
    channel.flags.no_history |= flag == "no_redis";
  }
  channel.incarnation = take_incarnation(in);
  channel.kept = in.rest();
  return channel;
}

Entry take_token(FieldReader& in, std::string_view key) {
  Token token;
  const auto slash = key.rfind('/');
  const auto id = slash == std::string_view::npos ? std::nullopt : parse_token_id(key.substr(slash + 1));
  if (!id) in.fail("(key)", "is not a token's key");
  token.id = id.value_or(0);
  token.channel = key.substr(0, slash);
  token.name = in.text("name");
  const auto value = Uuid::parse(in.secret("value").reveal());
  if (!value) in.fail("value", "is not a token");
  token.value = value.value_or(Uuid{});
  token.kept = in.rest();
  return token;
}

void take_headers(FieldReader& in, Drain& drain) {
  for (auto& item : in.list("headers")) {
    FieldReader names = reader_of(item, {});
    auto name = names.text("name");
    FieldReader fields(names.left(), in.place().of("headers").of(name));
    drain.headers.emplace_back(std::move(name), fields.secret("value"));
    if (names.failed()) in.fail("headers", "holds a header whose " + names.status().error().message);
    if (fields.failed()) in.fail("headers", "holds a header whose " + fields.status().error().message);
  }
}

Entry take_drain(FieldReader& in, std::string_view key) {
  Drain drain;
  const auto [end, ec] = std::from_chars(key.data(), key.data() + key.size(), drain.id);
  if (ec != std::errc() || end != key.data() + key.size() || drain.id == 0 || drain.id > kDrainIdMax)
    in.fail("(key)", "is not a drain id");
  const auto token = Uuid::parse(in.text("token"));
  if (!token) in.fail("token", "is not a drain token");
  drain.token = token.value_or(Uuid{});
  drain.channel = in.text("channel");
  drain.url = in.secret("url");
  drain.format = in.text("format");
  drain.durable = in.flag("durable");
  drain.filter = in.text("filter");
  take_headers(in, drain);
  drain.ca = in.text("ca");
  drain.client_cert = in.text("client_cert");
  drain.client_key = in.secret("client_key");
  drain.secret = in.secret("secret");
  drain.paused = in.flag("paused");
  drain.kept = in.rest();
  return drain;
}

Entry take_session(FieldReader& in, std::string_view key) {
  Session session;
  const auto uuid = Uuid::parse(key);
  if (!uuid) in.fail("(key)", "is not a session");
  session.uuid = uuid.value_or(Uuid{});
  session.channel = in.text("channel");
  session.query = in.text("query");
  session.expires = wall_time(in.number("expires", 0, kMaxTime));
  session.kept = in.rest();
  return session;
}

std::optional<KeyChannel> key_channel(std::string id, const json::value* incarnation) {
  if (check_channel_id(id).has_error()) return std::nullopt;
  // An entry of a version without incarnations names channels without them (0).
  if (incarnation == nullptr) return KeyChannel{std::move(id), 0};
  if (incarnation->is_null()) return KeyChannel{std::move(id), std::nullopt};
  const auto* text = incarnation->if_string();
  const auto number = text == nullptr ? std::nullopt : parse_token_id(std::string_view(*text));
  if (!number) return std::nullopt;
  return KeyChannel{std::move(id), *number};
}

KeyChannels take_key_channels(FieldReader& in) {
  auto ids = in.texts("channels");
  const auto incarnations = in.list("incarnations");
  KeyChannels out;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    auto channel = key_channel(std::move(ids[i]), i < incarnations.size() ? &incarnations[i] : nullptr);
    if (!channel) in.fail("channels", "holds something that is not a channel");
    if (channel) out.push_back(std::move(*channel));
  }
  std::ranges::sort(out, {}, &KeyChannel::id);
  const auto same_id = [](const KeyChannel& a, const KeyChannel& b) { return a.id == b.id; };
  out.erase(std::unique(out.begin(), out.end(), same_id), out.end());
  return out;
}

/// Earlier versions did not say whether a key is limited: no channels meant all of them.
void take_limits(FieldReader& in, ApiKey& key) {
  const auto all = in.flag_if_there("all_channels");
  auto channels = take_key_channels(in);
  key.old_entry = !all;
  if (!all.value_or(channels.empty())) key.channels = std::move(channels);
}

Entry take_key(FieldReader& in, std::string_view key) {
  ApiKey out;
  out.id = key;
  out.name = in.text("name");
  out.hash = take_hash(in);
  // A scope that this version does not know grants nothing here.
  for (const auto& name : in.texts("scopes"))
    if (const auto scope = parse_scope(name)) out.scopes.add(*scope);
  take_limits(in, out);
  const auto expires = in.number("expires", kMaxTime, kMaxTime);
  if (expires != kMaxTime) out.expires = wall_time(expires);
  out.root = in.text("root");
  out.kept = in.rest();
  return out;
}

Entry take_credential(FieldReader& in, std::string_view key) {
  Credential credential;
  credential.id = key;
  credential.name = in.text("name");
  const auto hash = in.text("sha256");
  if (!hash.empty()) credential.hash = parse_hash(hash);
  if (!hash.empty() && !credential.hash) in.fail("sha256", "must be 64 hexadecimal digits");
  credential.full_api = in.flag("full_api");
  credential.any_channel = in.flag("any_channel");
  credential.seal = in.secret("seal");
  credential.kept = in.rest();
  return credential;
}

Entry take_entry(EntryKind kind, FieldReader& in, std::string_view key) {
  switch (kind) {
    case EntryKind::kApp:
      return take_app(in, key);
    case EntryKind::kChannel:
      return take_channel(in, key);
    case EntryKind::kToken:
      return take_token(in, key);
    case EntryKind::kDrain:
      return take_drain(in, key);
    case EntryKind::kSession:
      return take_session(in, key);
    case EntryKind::kApiKey:
      return take_key(in, key);
    case EntryKind::kCredential:
      return take_credential(in, key);
  }
  in.fail("(kind)", "is not known");
  return App{};
}

}  // namespace

result<Entry, Error> decode_entry(EntryKind kind, std::string_view key, std::string_view text, const Seal* seal) {
  if (text.size() > kLargestEntry) return Error{ConfigError::kDamaged, "is larger than 4 MiB"};
  boost::system::error_code ec;
  auto value = json::parse(text, ec);
  if (ec || !value.is_object()) return Error{ConfigError::kDamaged, "is not a JSON object"};
  const std::string place = std::string(name_of(kind)) + "\n" + std::string(key);
  FieldReader in(std::move(value.get_object()), {seal, place});
  const auto version = in.number("v", 1, 1'000'000);
  if (in.number("min", 1, 1'000'000) > std::uint64_t{kEntryVersion})
    return Error{ConfigError::kNewer, "was written by a newer version (format " + std::to_string(version) + ")"};
  auto entry = take_entry(kind, in, key);
  SLUICE_TRY_VOID(in.status());
  if (key_of(entry) != key) return Error{ConfigError::kDamaged, "field (key) is not in canonical form"};
  if (auto checked = acceptable(entry); checked.has_error())
    return Error{ConfigError::kDamaged, std::move(checked).error().message};
  return entry;
}

result<Entry, Error> decode_entry(EntryKind kind, std::string_view key, std::string_view text) {
  return decode_entry(kind, key, text, nullptr);
}

}  // namespace sluice
