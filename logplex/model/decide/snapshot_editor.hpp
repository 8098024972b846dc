#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "logplex/model/changed_keys.hpp"
#include "logplex/model/decide/decide.hpp"
#include "logplex/model/snapshot.hpp"

namespace sluice {

/// Gives out slots: consecutive numbers, each once while the process runs.
struct SlotSequence {
  std::uint32_t next_channel = 0;
  std::uint32_t next_app = 0;
  std::uint32_t next_backend = 0;

  ChannelSlot channel() { return {next_channel++}; }
  AppSlot app() { return {next_app++}; }
  BackendSlot backend() { return {next_backend++}; }
};

/// Applies effects to a snapshot that is not yet published, and notes what changed. Runs on the store's thread; the
/// three objects must outlive it. Entries that exist keep their slots.
class SnapshotEditor {
 public:
  SnapshotEditor(ConfigSnapshot& config, SlotSequence& slots, ChangedKeys& changed)
      : config_(config), slots_(slots), changed_(changed) {}

  /// An empty configuration: only the channel `_router`.
  static ConfigSnapshot empty(SlotSequence& slots);

  /// Effects come from decide(), or from a store whose entries were checked with fits().
  void apply(const Effect& effect);
  void set_revision(std::uint64_t revision) { config_.revision_ = revision; }
  /// Raises the counters; never lowers them.
  void raise_counters(std::uint64_t next_drain_id, std::uint64_t next_channel_id);

  /// For entries read from storage: an Error when the entry contradicts what is already here (a domain of another
  /// app, a token value used twice, no such channel).
  result<void, Error> fits(const Entry& entry) const;

 private:
  void put(const App& app);
  void put(const Channel& channel);
  void put(const Token& token);
  void put(const Drain& drain);
  void put(const Session& session);
  void put(const ApiKey& key);
  void put(const Credential& credential);
  void erase_app(std::string_view name);
  void erase_channel(std::string_view id);
  void erase_token(std::string_view key);
  void erase_drain(std::string_view key);
  void erase_session(std::string_view key);
  void erase_key(std::string_view id);
  void erase_credential(std::string_view id);

  void store_app(std::shared_ptr<const AppEntry> entry);
  void store_channel(std::shared_ptr<const ChannelEntry> entry);
  /// Points the app of this name at its channel, or at `_router` while there is none.
  void rewire_app(std::string_view name);
  void set_channel_of(AppEntry& entry) const;
  void count_from(std::string_view channel_id);
  void erase_hosts(const std::vector<std::string>& domains);
  /// Add a key to the list of keys that name a channel, or remove it.
  void name_key(const std::string& channel, const std::shared_ptr<const ApiKey>& key);
  void unname_key(const std::string& channel, std::string_view key);

  ConfigSnapshot& config_;
  SlotSequence& slots_;
  ChangedKeys& changed_;
};

}  // namespace sluice
