#include "logplex/net/descriptor_plan.hpp"

#include <dirent.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <memory>

namespace sluice {
namespace {

/// Descriptors for the store, files, worker threads and listening sockets, and for each shard's event loop.
constexpr std::uint64_t kOwn = 64;
constexpr std::uint64_t kPerShard = 8;
constexpr std::uint64_t kDrainsPercent = 15;
constexpr std::uint64_t kEachIngressPercent = 10;
constexpr std::uint64_t kAllIngressPercent = 60;
constexpr std::uint64_t kUsualIngressPercent = 20;  // what the router leaves, however few ingress listeners there are
constexpr std::uint64_t kRestPercent = 75;          // of the router and ingress together

struct User {
  std::uint64_t asked;
  std::uint64_t weight;
  std::uint64_t given = 0;

  std::uint64_t missing() const { return asked - given; }
};

/// Shares out the pool by weight. What one user does not need goes to the others, until the pool is empty or all have
/// what they asked for.
void share_out(std::span<User> users, std::uint64_t pool) {
  for (;;) {
    std::uint64_t weights = 0;
    for (const User& user : users) weights += user.missing() > 0 ? user.weight : 0;
    if (weights == 0 || pool < weights) return;
    const std::uint64_t whole = pool;
    for (User& user : users) {
      const std::uint64_t part = std::min(user.missing(), whole * user.weight / weights);
      user.given += part;
      pool -= part;
    }
    if (pool == whole) return;
  }
}

}  // namespace

std::uint64_t raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  if (limit.rlim_cur < limit.rlim_max) {
    rlimit raised{limit.rlim_max, limit.rlim_max};
    if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  }
  return std::min<std::uint64_t>(limit.rlim_cur, std::uint64_t{1} << 30);
}

std::optional<std::uint64_t> count_open_descriptors() {
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir("/proc/self/fd"), &::closedir);
  if (folder == nullptr) return std::nullopt;
  std::uint64_t entries = 0;
  while (::readdir(folder.get()) != nullptr) ++entries;
  return entries - std::min<std::uint64_t>(entries, 3);  // ".", ".." and this one
}

DescriptorPlan plan_descriptors(const ConnectionNeeds& asked, std::uint64_t limit, std::uint32_t shards) {
  DescriptorPlan plan;
  plan.given = asked;
  const std::uint64_t own = kOwn + kPerShard * shards;
  const std::uint64_t pool = limit - std::min(limit, own);
  const std::uint64_t drains = pool * kDrainsPercent / 100;
  // A proxied request takes a second descriptor, for its backend. A busy router needs half as many of these as it has
  // clients.
  const std::uint64_t router = asked.router + asked.router / 2;
  const std::uint64_t ingress = asked.ingress * asked.ingress_listeners;
  const std::uint64_t all = router + ingress + asked.api + asked.admin;
  plan.backends = asked.router == 0 ? 0 : pool - std::min(pool, drains + all) + asked.router / 2;
  if (all + drains <= pool) return plan;
  plan.all_fit = false;
  const std::uint64_t of_ingress = std::min(kEachIngressPercent * asked.ingress_listeners, kAllIngressPercent);
  const std::uint64_t of_router = kRestPercent - std::max(of_ingress, kUsualIngressPercent);
  std::array<User, 4> users{{{router, of_router}, {ingress, of_ingress}, {asked.api, 8}, {asked.admin, 2}}};
  share_out(users, pool - drains);
  const auto part = [&users](std::size_t user) {
    return users[user].asked == 0 ? 0 : std::max<std::uint64_t>(users[user].given, 1);
  };
  plan.given.router = std::min(asked.router, std::max<std::uint64_t>(part(0) * 2 / 3, asked.router > 0));
  if (asked.ingress_listeners > 0)
    plan.given.ingress = std::max<std::uint64_t>(part(1) / asked.ingress_listeners, asked.ingress > 0);
  plan.given.api = part(2);
  plan.given.admin = part(3);
  plan.backends = part(0) - std::min(part(0), plan.given.router);
  return plan;
}

}  // namespace sluice
