#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "logplex/base/uuid.hpp"
#include "logplex/store/config_feed.hpp"

namespace sluice::ingress {

/// Caches the tokens of recent lines: most look-ups touch one cache line, which can be prefetched, instead of five that
/// depend on each other. Emptied whenever the configuration changes. One per shard, on that shard; 128 KiB.
class TokenCache final : private ConfigObserver {
 public:
  explicit TokenCache(ConfigFeed& feed);
  TokenCache(const TokenCache&) = delete;
  TokenCache& operator=(const TokenCache&) = delete;
  ~TokenCache() override;

  /// Prefetches what find() of this token will read.
  void prefetch(const Uuid& token) const { __builtin_prefetch(&set_of(token)); }
  /// Valid within this turn, as ConfigSnapshot::token(); null when no channel has that token.
  const TokenEntry* find(const Uuid& token) {
    Set& set = set_of(token);
    for (const Known& known : set.known)
      if (known.token == token && known.generation == generation_) return known.entry;
    return look_up(token, set);
  }

 private:
  static constexpr std::size_t kSets = 2048;

  struct Known {
    Uuid token;
    const TokenEntry* entry = nullptr;
    std::uint64_t generation = 0;
  };
  /// The last two tokens of this set, the later one first.
  struct alignas(64) Set {
    std::array<Known, 2> known;
  };

  void on_config(const ConfigSnapshot&, const ChangedKeys&) override { ++generation_; }
  Set& set_of(const Uuid& token) { return sets_[UuidHash{}(token) % kSets]; }
  const Set& set_of(const Uuid& token) const { return sets_[UuidHash{}(token) % kSets]; }
  const TokenEntry* look_up(const Uuid& token, Set& set);

  ConfigFeed& feed_;
  std::uint64_t generation_ = 0;  // of the configuration, as this cache counts
  std::vector<Set> sets_;
};

}  // namespace sluice::ingress
