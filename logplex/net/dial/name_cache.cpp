#include "logplex/net/dial/name_cache.hpp"

#include <algorithm>

namespace sluice {
namespace {

/// Addresses that are no older than this count as looked up anew.
constexpr std::chrono::seconds kJustLookedUp{1};
/// Doubling further changes nothing.
constexpr std::uint32_t kMostDoublings = 10;

}  // namespace

NameCache::Known NameCache::find(const std::string& name, SteadyTime now, bool anew) {
  Known known;
  const auto found = entries_.find(name);
  if (found == entries_.end()) return known;
  Entry& entry = *found->second;
  use(found->second);
  const bool has_addresses = !entry.good.addresses.empty() && now < entry.good_at + limits_.stale;
  known.silent = entry.failures > 0;
  if (has_addresses && now < (anew ? entry.good_at + kJustLookedUp : entry.good_until)) {
    known.answer = &entry.good;
  } else if (now < entry.failed_until) {
    known.answer = has_addresses ? &entry.good : &entry.failure;
    known.served_stale = has_addresses;
  } else if (has_addresses) {
    known.stale = &entry.good;
  }
  return known;
}

void NameCache::put(const std::string& name, const std::string& owner, NameAnswer answer, SteadyTime now) {
  take(entry_of(name, owner), std::move(answer), now);
}

void NameCache::take(Entry& entry, NameAnswer answer, SteadyTime now) {
  if (answer.kind == NameAnswer::Kind::kAddresses) {
    entry.good_at = now;
    entry.good_until = now + std::clamp(answer.ttl, limits_.ttl_least, limits_.ttl_most);
    entry.good = std::move(answer);
    entry.failed_until = {};
    entry.failures = 0;
    return;
  }
  const bool not_found = answer.kind == NameAnswer::Kind::kNotFound;
  if (not_found) entry.good = {};
  entry.failures = not_found ? 0 : std::min(entry.failures + 1, kMostDoublings);
  const auto pause = not_found
                         ? limits_.not_found
                         : std::min(limits_.unanswered_first * (1 << (entry.failures - 1)), limits_.unanswered_most);
  entry.failed_until = now + pause;
  entry.failure = std::move(answer);
}

NameCache::Entry& NameCache::entry_of(const std::string& name, const std::string& owner) {
  if (const auto found = entries_.find(name); found != entries_.end()) return *found->second;
  auto& own = owners_[owner];
  if (!owner.empty() && own.size() >= limits_.names_per_owner) forget(own.back());
  if (entries_.size() >= limits_.names) forget(std::prev(order_.end()));
  order_.emplace_front();
  const auto entry = order_.begin();
  entry->name = name;
  entry->owner = owner;
  auto& of_owner = owners_[owner];  // forget() may have removed it
  entry->of_owner = of_owner.insert(of_owner.begin(), entry);
  entries_.emplace(name, entry);
  return *entry;
}

void NameCache::use(Order::iterator entry) {
  order_.splice(order_.begin(), order_, entry);
  auto& of_owner = owners_[entry->owner];
  of_owner.splice(of_owner.begin(), of_owner, entry->of_owner);
}

void NameCache::forget(Order::iterator entry) {
  const auto owner = owners_.find(entry->owner);
  owner->second.erase(entry->of_owner);
  if (owner->second.empty()) owners_.erase(owner);
  entries_.erase(entry->name);
  order_.erase(entry);
}

}  // namespace sluice
