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

// The commands that change the configuration: one struct each, complete in itself. Random numbers and times are values
// in the command, so that every store decides alike. Errors are those of ConfigError.

/// Which domains the caller may take for an app. kUnshared: no domain below another app's wildcard, no wildcard above a
/// domain of another app, and no wildcard of a public suffix. The app keeps the domains that it has.
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
/// Also deletes the app's channel with its tokens and drains, unless keep_channel is set.
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
/// Sets the flags that are given.
struct PatchFeatures {
  std::string app;
  std::optional<bool> maintenance;
  std::optional<bool> session_affinity;
  std::optional<Balance> balance;
};

/// A token to create. The caller makes `value` and `id` at random, and alone learns the value.
struct NewToken {
  std::string name;
  Uuid value;
  std::uint64_t id = 0;  // random
};
/// Creates or updates; absent fields stay as they are. `tokens` declares the set of token names: missing ones are
/// created, tokens whose name is not listed are deleted, the others stay as they are.
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
/// Deletes the channel with its tokens and drains. Error kConflict for `_router`.
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

/// The store gives the id (`Applied::drain_id`); without url the drain is only reserved. Errors: kLimit, kConflict
/// (same url).
struct CreateDrain {
  Drain drain;
};
/// Replaces url and options of the drain with this channel and id; token and pause stay. Gives a reserved drain its
/// url.
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
/// Removes expired sessions and keys. The store itself issues this from time to time.
struct RemoveExpired {
  WallTime now{};
};
/// With `maker` (the id of a key), the new key gets at most that key's scopes and channels, and no later end;
/// kForbidden says what exceeds them. decide() fills in the incarnations of channels.
struct CreateKey {
  ApiKey key;
  std::string maker{};  // empty = a caller who may do everything
};
/// With `asker` (the id of a key): kNotFound unless may_manage() allows that key to delete this one.
struct DeleteKey {
  std::string id;
  std::string asker{};
};
/// Rewrites one key that an earlier version stored; the new entry says whether the key is limited. `created`: one was
/// rewritten, and there may be more.
struct RewriteOldKey {};
/// Creates the key that seals what the API hands out (kSealingCredential); does nothing when there is one.
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

/// The result of a change.
struct Applied {
  std::uint64_t revision = 0;  // at least this one is in force
  bool created = false;        // a new thing, not an update
  std::uint64_t drain_id = 0;  // of CreateDrain
  std::string channel_id;      // of CreateChannel
};

}  // namespace sluice
