#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "logplex/base/seal.hpp"
#include "logplex/base/secret.hpp"
#include "logplex/model/snapshot.hpp"
#include "logplex/runtime/task.hpp"

namespace sluice {
class Shard;
}  // namespace sluice

namespace sluice::api {

class Changes;

/// Seals data that clients keep for us: session urls and cursors of lists. The key is in the store, so that every node
/// can open what another node sealed. While the store has no key, a key of this node alone seals cursors, and sessions
/// wait for the shared key. Lives on its shard, owned by ApiShard.
class Seals {
 public:
  explicit Seals(const Secret& node_key);

  /// `place` says what the text is for; open() needs the same place.
  std::string seal(const ConfigSnapshot& config, std::string_view value, std::string_view place);
  /// None when the text was sealed with another key or for another place, or was changed.
  std::optional<Secret> open(const ConfigSnapshot& config, std::string_view text, std::string_view place);

  static bool shared(const ConfigSnapshot& config);
  /// Puts a key into the store if there is none. Error: the store cannot be written.
  static Task<result<void, Error>> share(Shard& shard, Changes& changes);

 private:
  const Seal& in_force(const ConfigSnapshot& config);

  const Seal own_;
  Secret shared_key_;
  std::optional<Seal> shared_;
};

}  // namespace sluice::api
