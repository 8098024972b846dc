#include "logplex/store/redis/redis_change.hpp"

#include <algorithm>
#include <string>

#include <boost/json/array.hpp>

#include "logplex/base/check.hpp"

namespace sluice {

namespace json = boost::json;

namespace {

/// As in decide(): by how many a drain without URL may exceed the limit of drains.
constexpr std::size_t kSpareReserved = 16;
constexpr std::size_t kMostDeleted = 1000;

/// Makes the argument of the script for one kind of change.
struct Caller {
  const Effects& effects;
  const RedisReplica& replica;
  const ConfigLimits& limits;
  const std::string_view next_id;

  const Seal* seal() const { return replica.loader().seal(); }
  const Effect& only(EntryKind kind) const {
    const auto found = std::find_if(effects.list.begin(), effects.list.end(),
                                    [kind](const Effect& effect) { return effect.kind == kind; });
    SLUICE_CHECK(found != effects.list.end());
    return *found;
  }
  json::object written(const Effect& effect) const {
    auto out = script_entry(*effect.entry, seal());
    out["was"] = replica.state_of(effect.kind, effect.key);
    return out;
  }
  json::object named(EntryKind kind, const std::string& key) const {
    return {{"key", key}, {"was", replica.state_of(kind, key)}};
  }
  std::size_t drain_limit(const Drain& drain) const {
    const auto limit = drain.global() ? limits.global_drains : limits.drains_per_channel;
    return drain.reserved() ? limit + kSpareReserved : limit;
  }

  /// Adds the API keys that a new channel binds.
  void add_keys(json::object& argument) const {
    json::array keys;
    for (const auto& effect : effects.list)
      if (effect.kind == EntryKind::kApiKey) keys.push_back(written(effect));
    if (!keys.empty()) argument["keys"] = std::move(keys);
  }
  ScriptCall app_written() const {
    const auto& app = only(EntryKind::kApp);
    json::object argument{{"app", written(app)}};
    for (const auto& effect : effects.list)
      if (effect.kind == EntryKind::kChannel) argument["channel"] = script_entry(*effect.entry, seal());
    add_keys(argument);
    return {"put_app", std::move(argument)};
  }

  ScriptCall operator()(const PutApp&) const { return app_written(); }
  ScriptCall operator()(const PutBackend&) const { return app_written(); }
  ScriptCall operator()(const RemoveBackend&) const { return app_written(); }
  ScriptCall operator()(const AddDomain&) const { return app_written(); }
  ScriptCall operator()(const RemoveDomain&) const { return app_written(); }
  ScriptCall operator()(const PatchFeatures&) const { return app_written(); }
  ScriptCall operator()(const DeleteApp& change) const {
    return {"delete_app", {{"app", named(EntryKind::kApp, change.name)}, {"keep_channel", change.keep_channel}}};
  }

  ScriptCall operator()(const PutChannel& change) const {
    json::object argument{{"channel", written(only(EntryKind::kChannel))}};
    add_keys(argument);
    if (change.tokens) {
      json::array drop;
      json::array add;
      for (const auto& effect : effects.list) {
        if (effect.kind != EntryKind::kToken) continue;
        if (effect.entry)
          add.push_back(written(effect));
        else
          drop.emplace_back(effect.key);
      }
      argument["drop"] = std::move(drop);
      argument["add"] = std::move(add);
      if (!replica.loader().has_quarantined(EntryKind::kToken, change.id + "/"))
        argument["tokens"] = tokens_of(change.id);
    }
    return {"put_channel", std::move(argument)};
  }
  json::array tokens_of(const std::string& channel) const {
    std::vector<std::string> keys;
    if (const auto* entry = replica.config().channel(channel))
      for (const auto& token : entry->tokens) keys.push_back(token_key(channel, token->token.id));
    std::sort(keys.begin(), keys.end());
    json::array out;
    for (const auto& key : keys) out.emplace_back(key);
    return out;
  }
  /// A sealed value is bound to its key. So the script must assign the expected id, or refuse and name the next id.
  void expect_id(json::object& argument, const std::string& id) const {
    if (seal() != nullptr) argument["id"] = id;
  }
  ScriptCall operator()(const CreateChannel&) const {
    const std::string id = next_id.empty() ? effects.applied.channel_id : std::string(next_id);
    json::array add;
    for (const auto& effect : effects.list) {
      if (effect.kind != EntryKind::kToken) continue;
      auto token = std::get<Token>(*effect.entry);
      token.channel = id;
      auto entry = script_entry(token, seal(), false);
      entry["id"] = format_token_id(token.id);
      entry.erase("needs");
      add.push_back(std::move(entry));
    }
    json::object argument{{"channel", script_entry(*only(EntryKind::kChannel).entry, seal(), false)},
                          {"add", std::move(add)}};
    expect_id(argument, id);
    return {"create_channel", std::move(argument)};
  }
  ScriptCall operator()(const DeleteChannel& change) const {
    return {"delete_channel", {{"channel", named(EntryKind::kChannel, change.id)}}};
  }
  ScriptCall operator()(const CreateToken&) const {
    auto token = written(only(EntryKind::kToken));
    token["limit"] = limits.tokens_per_channel;
    return {"create_token", {{"token", std::move(token)}}};
  }
  ScriptCall operator()(const RevokeToken& change) const {
    return {"revoke_token", {{"token", named(EntryKind::kToken, token_key(change.channel, change.id))}}};
  }

  ScriptCall operator()(const CreateDrain&) const {
    auto drain = std::get<Drain>(*only(EntryKind::kDrain).entry);
    drain.id = parse_decimal(next_id).value_or(drain.id);
    auto entry = script_entry(drain, seal(), false);
    entry["limit"] = drain_limit(drain);
    json::object argument{{"drain", std::move(entry)}};
    expect_id(argument, std::to_string(drain.id));
    return {"create_drain", std::move(argument)};
  }
  ScriptCall drain_written() const {
    const auto& effect = only(EntryKind::kDrain);
    auto drain = written(effect);
    drain["limit"] = drain_limit(std::get<Drain>(*effect.entry));
    return {"put_drain", {{"drain", std::move(drain)}}};
  }
  ScriptCall operator()(const PutDrain&) const { return drain_written(); }
  ScriptCall operator()(const SetDrainPaused&) const { return drain_written(); }
  ScriptCall operator()(const DeleteDrain& change) const {
    return {"delete_drain", {{"drain", named(EntryKind::kDrain, std::to_string(change.id))}}};
  }

  ScriptCall access_written(std::size_t most) const {
    const auto& effect = effects.list.front();
    return {"put_access", {{"kind", name_of(effect.kind)}, {"entry", written(effect)}, {"most", most}}};
  }
  ScriptCall access_deleted(bool skip) const {
    json::array entries;
    for (const auto& effect : effects.list) {
      if (entries.size() == kMostDeleted) break;
      auto& entry = entries.emplace_back(named(effect.kind, effect.key)).get_object();
      entry["kind"] = name_of(effect.kind);
    }
    return {"delete_access", {{"entries", std::move(entries)}, {"skip", skip}}};
  }
  ScriptCall operator()(const CreateSession&) const { return access_written(limits.sessions); }
  ScriptCall operator()(const CreateKey&) const { return access_written(limits.keys); }
  ScriptCall operator()(const RewriteOldKey&) const { return access_written(limits.keys); }
  ScriptCall operator()(const CreateSealingKey&) const { return access_written(limits.credentials); }
  ScriptCall operator()(const PutCredential&) const { return access_written(limits.credentials); }
  ScriptCall operator()(const DeleteSession&) const { return access_deleted(false); }
  ScriptCall operator()(const DeleteKey&) const { return access_deleted(false); }
  ScriptCall operator()(const DeleteCredential&) const { return access_deleted(false); }
  ScriptCall operator()(const RemoveExpired&) const { return access_deleted(true); }
};

}  // namespace

ScriptCall script_call(const Change& change, const Effects& effects, const RedisReplica& replica,
                       const ConfigLimits& limits, std::string_view next_id) {
  return std::visit(Caller{effects, replica, limits, next_id}, change);
}

}  // namespace sluice
