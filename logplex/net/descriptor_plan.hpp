#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace sluice {

/// Raises the process's limit of open descriptors (the soft RLIMIT_NOFILE) to the hard one; returns what then holds.
std::uint64_t raise_descriptor_limit();
/// Descriptors that are open now: reads /proc/self/fd, so not on a shard. Nothing where there is no /proc.
std::optional<std::uint64_t> count_open_descriptors();

/// Connections that the settings allow; 0 where a listener is off.
struct ConnectionNeeds {
  std::uint64_t router = 0;
  std::uint64_t ingress_http = 0;
  std::uint64_t ingress_syslog = 0;
  std::uint64_t api = 0;
  std::uint64_t admin = 0;
};

/// What each listener may have, so that the descriptors last for all of them, for drains, and for the store and files.
///
/// When there are enough, everybody has what the settings allow. Otherwise a listener keeps its part however busy the
/// others are: API 8 %, admin 2 %, each ingress 10 %, drains 15 %; the router has what is left. A part that is not
/// asked for goes to the others. Of the router's, two thirds are for clients and the rest is for connections to
/// backends.
struct DescriptorPlan {
  ConnectionNeeds given;
  std::uint64_t backends = 0;  // connections to backends, for all shards
  bool all_fit = true;         // the settings ask for no more than there is
};

DescriptorPlan plan_descriptors(const ConnectionNeeds& asked, std::uint64_t limit, std::uint32_t shards);

}  // namespace sluice
