#include "logplex/runtime/share_table.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <limits>
#include <mutex>
#include <random>
#include <unordered_map>

namespace sluice {
namespace {

constexpr std::size_t kStripes = 64;
/// Smaller pools keep nothing for keys that come later.
constexpr std::uint64_t kSmallPool = 16;
constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();

/// Keys may be small numbers or chosen by a peer, so a secret seed spreads them (SplitMix64's finaliser).
std::uint64_t mix(std::uint64_t key) {
  static const std::uint64_t kSeed = (std::uint64_t{std::random_device()()} << 32) | std::random_device()();
  key ^= kSeed;
  key = (key ^ (key >> 30)) * 0xbf58476d1ce4e5b9U;
  key = (key ^ (key >> 27)) * 0x94d049bb133111ebU;
  return key ^ (key >> 31);
}

struct MixedHash {
  std::size_t operator()(std::uint64_t key) const { return mix(key); }
};

struct alignas(64) Stripe {
  mutable std::mutex mutex;
  std::unordered_map<std::uint64_t, std::uint64_t, MixedHash> counts;

  std::uint64_t count(std::uint64_t key) const {
    const auto found = counts.find(key);
    return found == counts.end() ? 0 : found->second;
  }
};

}  // namespace

struct ShareTable::State {
  explicit State(std::uint64_t pool_size) : pool(pool_size) {}

  Stripe& stripe(std::uint64_t key) { return stripes[mix(key) >> 58]; }

  /// What a key with `held` may hold when nothing else limits it.
  std::uint64_t fair_share(std::uint64_t held) const {
    const std::uint64_t taken = total.load(std::memory_order_relaxed);
    if (pool == 0 || taken <= pool / 4 * 3) return kNoLimit;
    const std::uint64_t holders = keys.load(std::memory_order_relaxed) + (held == 0 ? 1 : 0);
    const std::uint64_t shared = pool < kSmallPool ? pool : pool - pool / 8;
    return std::max<std::uint64_t>(shared / holders, 1);
  }
  bool allows(std::uint64_t held, std::uint64_t most) const { return held < (most != 0 ? most : fair_share(held)); }

  void add(Stripe& stripe, std::uint64_t key) {
    if (++stripe.counts[key] == 1) keys.fetch_add(1, std::memory_order_relaxed);
    total.fetch_add(1, std::memory_order_relaxed);
  }
  void give_back(std::uint64_t key) {
    Stripe& owner = stripe(key);
    const std::lock_guard lock(owner.mutex);
    const auto found = owner.counts.find(key);
    total.fetch_sub(1, std::memory_order_relaxed);
    if (--found->second > 0) return;
    owner.counts.erase(found);
    keys.fetch_sub(1, std::memory_order_relaxed);
  }

  std::atomic<std::uint64_t> references{0};
  const std::uint64_t pool;
  std::atomic<std::uint64_t> keys{0};
  std::atomic<std::uint64_t> total{0};
  std::array<Stripe, kStripes> stripes;
};

void intrusive_ptr_add_ref(ShareTable::State* state) { state->references.fetch_add(1, std::memory_order_relaxed); }

void intrusive_ptr_release(ShareTable::State* state) {
  if (state->references.fetch_sub(1, std::memory_order_acq_rel) == 1) delete state;
}

void ShareTable::Share::release() {
  if (const auto state = std::move(state_)) state->give_back(key_);
}

ShareTable::ShareTable(std::uint64_t pool) : state_(new State(pool)) {}

std::optional<ShareTable::Share> ShareTable::take(std::uint64_t key, std::uint64_t most) {
  Stripe& owner = state_->stripe(key);
  const std::lock_guard lock(owner.mutex);
  if (!state_->allows(owner.count(key), most)) return std::nullopt;
  state_->add(owner, key);
  return Share(state_, key);
}

ShareTable::Share ShareTable::take_any(std::uint64_t key) {
  Stripe& owner = state_->stripe(key);
  const std::lock_guard lock(owner.mutex);
  state_->add(owner, key);
  return Share(state_, key);
}

bool ShareTable::may_take(std::uint64_t key, std::uint64_t most) const { return state_->allows(count(key), most); }

std::uint64_t ShareTable::fair_share(std::uint64_t key) const { return state_->fair_share(count(key)); }

std::uint64_t ShareTable::count(std::uint64_t key) const {
  const Stripe& owner = state_->stripe(key);
  const std::lock_guard lock(owner.mutex);
  return owner.count(key);
}

std::uint64_t ShareTable::keys() const { return state_->keys.load(std::memory_order_relaxed); }
std::uint64_t ShareTable::total() const { return state_->total.load(std::memory_order_relaxed); }

}  // namespace sluice
