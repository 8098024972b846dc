#include "logplex/daemon/limits_at_start.hpp"

#include <algorithm>
#include <thread>

#include "logplex/base/log.hpp"
#include "logplex/base/machine.hpp"
#include "logplex/ingress/ingress_part.hpp"
#include "logplex/net/descriptor_plan.hpp"

namespace sluice::daemon {
namespace {

std::uint32_t shards_of(const Settings& settings) {
  if (settings.process.shards != 0) return static_cast<std::uint32_t>(settings.process.shards);
  return std::max(1U, std::thread::hardware_concurrency());
}

ConnectionNeeds needs_of(const Settings& settings) {
  const auto of = [](const std::string& addresses, std::uint64_t most) { return addresses.empty() ? 0 : most; };
  ConnectionNeeds needs;
  if (settings.process.has_role("router")) needs.router = of(settings.router.http, settings.router.max_connections);
  if (settings.process.has_role("logplex")) {
    needs.ingress = settings.ingress.max_connections;
    for (const ingress::IngressKind& kind : ingress::ingress_kinds())
      if (!(settings.ingress.*kind.addresses).empty()) ++needs.ingress_listeners;
  }
  needs.api = of(settings.api.listen, settings.api.max_connections);
  needs.admin = of(settings.admin.listen, settings.admin.max_connections);
  return needs;
}

void fit(std::uint64_t& setting, std::uint64_t given, const char* name) {
  if (given >= setting || given == 0) return;
  log_warning("a setting asks for more file descriptors than the system allows",
              {{"setting", name}, {"asked", setting}, {"given", given}});
  setting = given;
}

void fit_descriptors(Settings& settings, std::uint64_t limit) {
  const std::uint32_t shards = shards_of(settings);
  const DescriptorPlan plan = plan_descriptors(needs_of(settings), limit, shards);
  const ConnectionNeeds& given = plan.given;
  fit(settings.router.max_connections, given.router, "router.max_connections");
  if (given.ingress_listeners > 0) fit(settings.ingress.max_connections, given.ingress, "ingress.max_connections");
  fit(settings.api.max_connections, given.api, "api.max_connections");
  settings.admin.max_connections = std::min(settings.admin.max_connections, std::max<std::uint64_t>(given.admin, 1));
  // Idle backend connections must not use up the descriptors that requests need: they get half of the backends' part.
  const std::uint64_t idle = std::max<std::uint64_t>(plan.backends / 2 / shards, 1);
  settings.limits.idle_backends = std::min(settings.limits.idle_backends, idle);
  settings.limits.app_idle_backends = std::min(settings.limits.app_idle_backends, idle);
}

void check_memory(const Settings& settings) {
  const Bytes memory = memory_of_machine();
  const Bytes wanted = settings.fabric.memory_budget + settings.process.memory_reserve;
  if (wanted <= memory) return;
  log_warning("settings ask for more memory than this machine has",
              {{"fabric.memory_budget", format_bytes(settings.fabric.memory_budget)},
               {"process.memory_reserve", format_bytes(settings.process.memory_reserve)},
               {"memory", format_bytes(memory)}});
}

}  // namespace

Settings fit_to_limits(Settings settings) {
  const std::uint64_t descriptors = raise_descriptor_limit();
  fit_descriptors(settings, descriptors);
  check_memory(settings);
  log_info("limits in force", {{"descriptors", descriptors},
                               {"router_connections", settings.router.max_connections},
                               {"ingress_connections", settings.ingress.max_connections},
                               {"api_connections", settings.api.max_connections},
                               {"admin_connections", settings.admin.max_connections},
                               {"memory_budget", format_bytes(settings.fabric.memory_budget)},
                               {"memory_reserve", format_bytes(settings.process.memory_reserve)}});
  return settings;
}

}  // namespace sluice::daemon
