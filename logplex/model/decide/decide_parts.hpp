#pragma once

#include "logplex/model/acceptable.hpp"
#include "logplex/model/config_error.hpp"
#include "logplex/model/decide/decide.hpp"
#include "logplex/model/snapshot.hpp"

// Private to the decide_*.cpp files: one overload per command, and how effects are put together.

namespace sluice {

inline void write(Effects& effects, Entry entry) {
  const auto kind = kind_of(entry);
  auto key = key_of(entry);
  effects.list.push_back({kind, std::move(key), std::move(entry)});
}
inline void remove(Effects& effects, EntryKind kind, std::string key) {
  effects.list.push_back({kind, std::move(key), std::nullopt});
}
/// The limit of reserved drains is this much above that of drains with url, so that receivers can get tokens ahead.
constexpr std::size_t kSpareReserved = 16;

/// Check that an entry that grows from `before` to `after` bytes fits the limit of an entry, and that its channel's
/// entries fit theirs. What does not grow always fits. `what` begins the sentence of the error. An empty channel stands
/// for global drains, which have no limit together.
result<void, Error> check_entry_bytes(const ConfigLimits& limits, std::string_view what, std::size_t before,
                                      std::size_t after);
result<void, Error> check_channel_bytes(const ConfigSnapshot& config, const ConfigLimits& limits,
                                        const std::string& channel, std::size_t before, std::size_t after);

/// Writes a channel that does not exist yet, and binds the keys that wait for it.
void make_channel(Effects& effects, const ConfigSnapshot& config, Channel channel);
/// Deletes the channel with its tokens and drains; of `_router` only these.
void remove_channel(Effects& effects, const ChannelEntry& channel);

struct Decider {
  const ConfigSnapshot& config;
  const ConfigLimits& limits;

  result<Effects, Error> operator()(const PutApp& change) const;
  result<Effects, Error> operator()(const DeleteApp& change) const;
  result<Effects, Error> operator()(const PutBackend& change) const;
  result<Effects, Error> operator()(const RemoveBackend& change) const;
  result<Effects, Error> operator()(const AddDomain& change) const;
  result<Effects, Error> operator()(const RemoveDomain& change) const;
  result<Effects, Error> operator()(const PatchFeatures& change) const;
  result<Effects, Error> operator()(const PutChannel& change) const;
  result<Effects, Error> operator()(const CreateChannel& change) const;
  result<Effects, Error> operator()(const DeleteChannel& change) const;
  result<Effects, Error> operator()(const CreateToken& change) const;
  result<Effects, Error> operator()(const RevokeToken& change) const;
  result<Effects, Error> operator()(const CreateDrain& change) const;
  result<Effects, Error> operator()(const PutDrain& change) const;
  result<Effects, Error> operator()(const DeleteDrain& change) const;
  result<Effects, Error> operator()(const SetDrainPaused& change) const;
  result<Effects, Error> operator()(const CreateSession& change) const;
  result<Effects, Error> operator()(const DeleteSession& change) const;
  result<Effects, Error> operator()(const RemoveExpired& change) const;
  result<Effects, Error> operator()(const CreateKey& change) const;
  result<Effects, Error> operator()(const DeleteKey& change) const;
  result<Effects, Error> operator()(const RewriteOldKey& change) const;
  result<Effects, Error> operator()(const CreateSealingKey& change) const;
  result<Effects, Error> operator()(const PutCredential& change) const;
  result<Effects, Error> operator()(const DeleteCredential& change) const;
};

}  // namespace sluice
