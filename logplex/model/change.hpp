#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "logplex/base/clock.hpp"
#include "logplex/base/uuid.hpp"
#include "logplex/model/access.hpp"
#include "logplex/model/app.hpp"
#include "logplex/model/channel.hpp"
#include "logplex/model/drain.hpp"

namespace sluice {

// What can be asked of the configuration: one struct per command, complete in itself. Chance and time stand in the
// command as values, so that every store decides alike. Errors are those of ConfigError.

/// Which domains whoever asks may take for an app. kUnshared: not one below another app's wildcard, no wildcard above a
/// domain of another app, and none of a public suffix. What the app has already stays.
enum class DomainRights : std::uint8_t { kAny, kUnshared };

/// Creates or replaces; `created` tells which. Creates the channel of that name when it does not exist and adopts it
/// otherwise. kConflict: a domain belongs to another app. kForbidden: see DomainRights.
struct PutApp {
  std::string name;
  std::vector<std::string> domains;
  std::vector<Backend> backends;
  Features features;
  DomainRights rights = DomainRights::kAny;
  std::uint64_t incarnation = 0;  // of the channel, when it is made; random
};
/// The app's channel goes with its tokens and drains, unless kept.
struct DeleteApp {
  std::string name;
  bool keep_channel = false;
};
struct PutBackend {
  std::string app;
  Backend backend;
};
struct RemoveBackend {
  std::string app;
  std::string name;
};
struct AddDomain {
  std::string app;
  std::string domain;
  DomainRights rights = DomainRights::kAny;
};
struct RemoveDomain {
  std::string app;
  std::string domain;
};
/// Sets what is given.
struct PatchFeatures {
  std::string app;
  std::optional<bool> maintenance;
  std::optional<bool> session_affinity;
  std::optional<Balance> balance;
};

/// A token to be: fresh chance from the caller, who alone learns the value.
struct NewToken {
  std::string name;
  Uuid value;
  std::uint64_t id = 0;  // random
};
/// Creates or updates. With `tokens` the set of names is declared: names that are missing are created, tokens whose
/// name is not listed are deleted, the others stay as they are. What is absent stays.
struct PutChannel {
  std::string id;
  std::optional<std::string> name;
  std::optional<ChannelFlags> flags;
  std::optional<std::vector<NewToken>> tokens;
  std::uint64_t incarnation = 0;  // when the channel is made; random
};
/// Creates a channel with the next free decimal id (`Applied::channel_id`), as Logplex's first API does.
struct CreateChannel {
  std::string name;
  std::vector<NewToken> tokens;
  std::uint64_t incarnation = 0;  // random
};
/// With its tokens and drains. kConflict for `_router`.
struct DeleteChannel {
  std::string id;
};
struct CreateToken {
  std::string channel;
  NewToken token;
};
struct RevokeToken {
  std::string channel;
  std::uint64_t id = 0;
};

/// Id is given by the store (`Applied::drain_id`); without url it is only reserved. kLimit, kConflict (same url).
struct CreateDrain {
  Drain drain;
};
/// Replaces url and options of the drain with this channel and id; token and pause stay. A reserved one begins so.
struct PutDrain {
  Drain drain;
};
struct DeleteDrain {
  std::string channel;  // empty = global
  std::uint64_t id = 0;
};
struct SetDrainPaused {
  std::string channel;
  std::uint64_t id = 0;
  bool paused = false;
};

/// kNotFound: no such channel.
struct CreateSession {
  Session session;
};
struct DeleteSession {
  Uuid uuid;
};
/// Removes sessions and keys whose end has come. The store itself asks for this from time to time.
struct RemoveExpired {
  WallTime now{};
};
/// With `maker`, the id of a key, the new key may only have what that key has: scopes, channels, no later end. Then
/// kForbidden says what it has not. A channel's incarnation is filled in here.
struct CreateKey {
  ApiKey key;
  std::string maker{};  // empty = somebody who may do everything
};
/// With `asker`, the id of a key: kNotFound when that key could not have made it.
struct DeleteKey {
  std::string id;
  std::string asker{};
};
/// Writes one key of an earlier version anew, with an explicit list of channels. `created`: there may be more.
struct RewriteOldKey {};
/// The key that seals what the API hands out (kSealingCredential); does nothing when there is one.
struct CreateSealingKey {
  Secret key;
};
/// Creates or replaces.
struct PutCredential {
  Credential credential;
};
struct DeleteCredential {
  std::string id;
};

using Change = std::variant<PutApp, DeleteApp, PutBackend, RemoveBackend, AddDomain, RemoveDomain, PatchFeatures,
                            PutChannel, CreateChannel, DeleteChannel, CreateToken, RevokeToken, CreateDrain, PutDrain,
                            DeleteDrain, SetDrainPaused, CreateSession, DeleteSession, RemoveExpired, CreateKey,
                            DeleteKey, RewriteOldKey, CreateSealingKey, PutCredential, DeleteCredential>;

/// What a change came to.
struct Applied {
  std::uint64_t revision = 0;  // at least this one is in force
  bool created = false;        // a new thing, not an update
  std::uint64_t drain_id = 0;  // of CreateDrain
  std::string channel_id;      // of CreateChannel
};

}  // namespace sluice
