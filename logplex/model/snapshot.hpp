#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "logplex/base/slot.hpp"
#include "logplex/model/bucket_map.hpp"
#include "logplex/model/entry.hpp"
#include "logplex/model/names.hpp"
#include "logplex/model/sorted_pages.hpp"

namespace sluice {

/// An app with its slots in this process.
struct AppEntry {
  App app;
  AppSlot slot;
  ChannelSlot channel;          // where its router lines go; that of `_router` while its own channel does not exist
  std::uint32_t partition = 0;  // of that channel
  std::vector<BackendSlot> backends;  // parallel to app.backends; a backend whose address changed has a new slot
};

/// A host (or "*." and a suffix) and the app it belongs to.
struct HostEntry {
  std::string host;
  std::shared_ptr<const AppEntry> app;
  std::string backwards;  // the host reversed, so that hosts below one domain sort together
};

/// The keys whose lists name a channel of this id, whatever its incarnation; or, under keys_without_channels(), those
/// that name none.
struct ChannelKeys {
  std::string channel;
  std::vector<std::shared_ptr<const ApiKey>> keys;  // ordered by id
};

/// What a token leads to: everything the ingress needs, without a second lookup.
struct TokenEntry {
  Token token;
  ChannelSlot channel;
  std::uint32_t partition = 0;

  std::string_view source() const { return token.name; }
};

struct DrainEntry {
  Drain drain;
  ChannelSlot channel;           // not valid for global drains
  std::uint32_t partition = 0;   // 0 for global drains
  std::uint64_t changed_at = 0;  // revision of the last change of its options; pausing does not count
};

struct ChannelEntry {
  Channel channel;
  ChannelSlot slot;
  std::uint32_t partition = 0;
  std::vector<std::shared_ptr<const TokenEntry>> tokens;  // ordered by name, then id
  std::vector<std::shared_ptr<const DrainEntry>> drains;  // ordered by id, reserved ones too
};

/// One page of a listing. `next` is the cursor of the following page, empty at the end.
template <class T>
struct Page {
  std::vector<const T*> items;
  std::string next;
};

/// The whole configuration at one revision. Immutable once published: any thread reads it without lock, allocation or
/// reference count; pointers that it returns are valid as long as it lives. On a shard that is one turn, see
/// ConfigFeed.
///
/// Copying shares structure (see BucketMap), so the cost of the next revision depends on what changed, not on the total
/// size. Copies are made, changed and destroyed by one thread, the store's.
class ConfigSnapshot {
 public:
  std::uint64_t revision() const { return revision_; }

  const AppEntry* app(std::string_view name) const;
  /// For the Host of a request, without port: exact first, then the longest `*.` suffix. Either case; one final dot is
  /// ignored. A wildcard stands for one label or more.
  const AppEntry* app_by_host(std::string_view host) const;
  /// The app with exactly this stored domain, which may be a wildcard.
  const AppEntry* owner_of_domain(std::string_view domain) const;

  const ChannelEntry* channel(std::string_view id) const;
  /// The reserved channel `_router`; always there.
  const ChannelEntry& router_channel() const { return *router_channel_; }
  const TokenEntry* token(const Uuid& value) const;

  const DrainEntry* drain(std::uint64_t id) const;
  /// The drain of this channel (empty = global) with this id or `d.<uuid>`; what API paths name `:d`.
  const DrainEntry* drain(std::string_view channel, std::string_view id_or_token) const;
  const std::vector<std::shared_ptr<const DrainEntry>>& global_drains() const { return global_drains_; }

  const Session* session(const Uuid& uuid) const;
  const ApiKey* key_by_hash(const KeyHash& hash) const;
  const ApiKey* key(std::string_view id) const;
  const Credential* credential(std::string_view id) const;
  /// Null when no key names it.
  const ChannelKeys* keys_of_channel(std::string_view id) const;
  /// Those of these keys that were made before the channel and wait for it.
  std::vector<const ApiKey*> keys_waiting_for(std::string_view id) const;
  /// Hosts below a domain ("shop.example.com"), without the domain itself, in the order of HostEntry::backwards,
  /// beginning after `after`.
  std::vector<const HostEntry*> hosts_below(std::string_view domain, std::string_view after, std::size_t limit) const;

  /// Ordered by name or id, beginning after the cursor of the page before (empty = from the start).
  Page<AppEntry> apps(std::string_view cursor, std::size_t limit) const;
  Page<ChannelEntry> channels(std::string_view cursor, std::size_t limit) const;
  Page<ApiKey> keys(std::string_view cursor, std::size_t limit) const;

  /// Calls visit(const XEntry&) for every entry, in no useful order. O(entries): at start, not per request.
  template <class Visit>
  void for_each_app(Visit&& visit) const {
    apps_.for_each(visit);
  }
  template <class Visit>
  void for_each_channel(Visit&& visit) const {
    channels_.for_each(visit);
  }
  template <class Visit>
  void for_each_token(Visit&& visit) const {
    tokens_.for_each(visit);
  }
  template <class Visit>
  void for_each_drain(Visit&& visit) const {
    drains_.for_each(visit);
  }
  template <class Visit>
  void for_each_session(Visit&& visit) const {
    sessions_.for_each(visit);
  }
  template <class Visit>
  void for_each_key(Visit&& visit) const {
    keys_.for_each(visit);
  }
  template <class Visit>
  void for_each_credential(Visit&& visit) const {
    credentials_.for_each(visit);
  }

  std::size_t app_count() const { return apps_.size(); }
  std::size_t channel_count() const { return channels_.size(); }
  std::size_t token_count() const { return tokens_.size(); }
  std::size_t drain_count() const { return drains_.size(); }
  std::size_t session_count() const { return sessions_.size(); }
  std::size_t key_count() const { return keys_.size(); }
  std::size_t credential_count() const { return credentials_.size(); }

  /// Ids given to the next drain and to the next channel that does not choose its own. Never used twice.
  std::uint64_t next_drain_id() const { return next_drain_id_; }
  std::uint64_t next_channel_id() const { return next_channel_id_; }

 private:
  friend class SnapshotEditor;

  struct AppName {
    std::string_view operator()(const AppEntry& entry) const { return entry.app.name; }
  };
  struct ChannelId {
    std::string_view operator()(const ChannelEntry& entry) const { return entry.channel.id; }
  };
  struct HostBackwards {
    std::string_view operator()(const HostEntry& entry) const { return entry.backwards; }
  };
  struct KeyId {
    std::string_view operator()(const ApiKey& key) const { return key.id; }
  };

  const HostEntry* host(std::string_view lower_host) const;

  std::uint64_t revision_ = 0;
  std::uint64_t next_drain_id_ = 1;
  std::uint64_t next_channel_id_ = 1;
  BucketMap<AppEntry> apps_;
  BucketMap<HostEntry> hosts_;
  BucketMap<ChannelEntry> channels_;
  BucketMap<TokenEntry> tokens_;
  BucketMap<DrainEntry> drains_;
  BucketMap<Session> sessions_;
  BucketMap<ApiKey> keys_;
  BucketMap<ApiKey> keys_by_hash_;
  BucketMap<Credential> credentials_;
  SortedPages<AppEntry, AppName> apps_in_order_;
  SortedPages<ChannelEntry, ChannelId> channels_in_order_;
  SortedPages<ApiKey, KeyId> keys_in_order_;
  BucketMap<ChannelKeys> keys_of_channel_;
  SortedPages<HostEntry, HostBackwards> hosts_in_order_;
  std::vector<std::shared_ptr<const DrainEntry>> global_drains_;
  std::shared_ptr<const ChannelEntry> router_channel_;
};

}  // namespace sluice
