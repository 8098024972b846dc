#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "logplex/base/rng.hpp"
#include "logplex/model/change.hpp"
#include "logplex/model/config_error.hpp"
#include "logplex/model/decide/decide.hpp"
#include "logplex/model/snapshot.hpp"

namespace sluice {

/// A second, plain implementation of the rules: maps of strings, everything searched. What a store answers and holds is
/// compared with it. Reads the same commands; shares no code with decide().
class ReferenceModel {
 public:
  explicit ReferenceModel(const ConfigLimits& limits) : limits_(limits) { channels_["_router"]; }

  struct Outcome {
    error_code code;
    bool created = false;
  };
  Outcome apply(const Change& change);

  /// Everything, one line per thing, ordered. describe(snapshot) gives the same text for a store's state.
  std::string describe() const;
  static std::string describe(const ConfigSnapshot& config);

 private:
  struct AppState {
    std::vector<std::string> domains;
    std::vector<Backend> backends;
    Features features;
  };
  struct TokenState {
    std::string name;
    Uuid value;
  };
  struct ChannelState {
    std::string name;
    bool no_tail = false;
    std::map<std::uint64_t, TokenState> tokens;
  };
  struct DrainState {
    std::string channel;
    std::string url;
    std::string filter;
    bool paused = false;
  };

  Outcome on(const PutApp& change);
  Outcome on(const DeleteApp& change);
  Outcome on(const PutBackend& change);
  Outcome on(const RemoveBackend& change);
  Outcome on(const AddDomain& change);
  Outcome on(const RemoveDomain& change);
  Outcome on(const PatchFeatures& change);
  Outcome on(const PutChannel& change);
  Outcome on(const DeleteChannel& change);
  Outcome on(const CreateToken& change);
  Outcome on(const RevokeToken& change);
  Outcome on(const CreateDrain& change);
  Outcome on(const PutDrain& change);
  Outcome on(const DeleteDrain& change);
  Outcome on(const SetDrainPaused& change);
  Outcome on(const CreateSession& change);
  Outcome on(const RemoveExpired& change);
  template <class Other>
  Outcome on(const Other&) {
    return {ConfigError::kInvalid};  // not drawn by RandomChanges
  }

  std::string owner_of(const std::string& domain) const;
  bool value_taken(const Uuid& value) const;
  void drop_channel(const std::string& id);
  error_code room_for(const Drain& drain, std::uint64_t self) const;

  ConfigLimits limits_;
  std::map<std::string, AppState> apps_;
  std::map<std::string, ChannelState> channels_;
  std::map<std::uint64_t, DrainState> drains_;
  std::map<std::string, WallTime> sessions_;
  std::uint64_t next_drain_ = 1;
};

/// Draws commands over few names, so that they meet: about a third are refused.
class RandomChanges {
 public:
  /// `names` makes the names of this source its own; sources that share it meet.
  RandomChanges(std::uint64_t seed, std::string names) : rng_(seed), names_(std::move(names)) {}
  Change next();

 private:
  std::string name() { return names_ + std::to_string(rng_.below(6)); }
  std::string domain() { return names_ + "d" + std::to_string(rng_.below(9)) + ".example.com"; }
  std::string url() { return rng_.below(5) == 0 ? std::string() : "https://h/" + std::to_string(rng_.below(4)); }
  std::string drain_channel() { return name(); }
  Backend backend();
  NewToken token();
  Drain drain();
  Change app_change();
  Change channel_change();
  Change drain_change();

  SeededRng rng_;
  std::string names_;
  std::vector<std::uint64_t> token_ids_{1};
};

}  // namespace sluice
