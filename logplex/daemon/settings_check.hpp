#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "logplex/base/settings.hpp"

namespace sluice::daemon {

/// One listener setting: its addresses and how many connections they take.
struct ListenerSetting {
  std::string name;
  std::string_view addresses;  // comma list; empty = none
  std::uint64_t max_connections = 0;
};

/// The listeners that the roles of this process need. The addresses are views into `settings`.
std::vector<ListenerSetting> listener_settings(const Settings& settings);

/// Reads the sources and the files that hold secrets (api.key_file, store.url_file), and reports all mistakes, also
/// those that the table of settings cannot express: bad addresses, networks, urls and files, and settings that
/// conflict. Settings without a mistake let the process start, unless the machine refuses: a port is taken, or the data
/// directory cannot be used.
SettingsReading read_and_check_settings(const SettingsSources& sources, Files& files);

/// Shorter API keys are accepted only when the API listens on loopback addresses.
constexpr std::size_t kShortestPublicKey = 16;
/// True when other machines can reach a listener of the API.
bool api_is_public(const Settings& settings);

}  // namespace sluice::daemon
