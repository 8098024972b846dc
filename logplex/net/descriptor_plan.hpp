#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace sluice {

/// Raises this process's limit of open descriptors (the soft RLIMIT_NOFILE) to the hard limit. Returns the limit then
/// in force.
std::uint64_t raise_descriptor_limit();
/// Counts the open descriptors by reading /proc/self/fd, so never call it on a shard. None where there is no /proc.
std::optional<std::uint64_t> count_open_descriptors();

/// Connections that the settings allow; 0 where a listener is off.
struct ConnectionNeeds {
  std::uint64_t router = 0;
  std::uint64_t ingress = 0;            // each of the ingress listeners
  std::uint64_t ingress_listeners = 0;  // that are not off
  std::uint64_t api = 0;
  std::uint64_t admin = 0;
};

/// How many connections each listener may have, so that the descriptors suffice for all listeners, for drains, and for
/// the store and files.
///
/// With enough descriptors, each listener gets what the settings allow. Otherwise each has a guaranteed share, however
/// busy the others are: API 8 %, admin 2 %, each of at most six ingress listeners 10 %, drains 15 %; the router gets
/// the rest. What a listener does not ask for goes to the others. Two thirds of the router's share are for clients, the
/// rest for connections to backends.
struct DescriptorPlan {
  ConnectionNeeds given;
  std::uint64_t backends = 0;  // connections to backends, for all shards
  bool all_fit = true;         // there are enough descriptors for what the settings allow
};

DescriptorPlan plan_descriptors(const ConnectionNeeds& asked, std::uint64_t limit, std::uint32_t shards);

}  // namespace sluice
