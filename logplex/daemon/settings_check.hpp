#pragma once

#include <string>
#include <utility>
#include <vector>

#include "logplex/base/settings.hpp"

namespace sluice {

/// One listener setting: its name, its addresses, how many connections it may have.
struct ListenerSetting {
  std::string name;
  std::string addresses;
  std::uint64_t max_connections;
};

/// The listeners that the roles of this node ask for, in the order of ports.json.
std::vector<ListenerSetting> listener_settings(const Settings& settings);

/// Checks what a row's bounds cannot say: addresses, networks, what this build has. The error names the key and value.
result<void, Error> check_settings(const Settings& settings);

}  // namespace sluice
