#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "logplex/base/settings.hpp"

namespace sluice::daemon {

/// One listener setting: where its sockets are and how many connections they take.
struct ListenerSetting {
  std::string name;
  std::string_view addresses;  // comma list; empty = none
  std::uint64_t max_connections = 0;
};

/// The listeners that this process's roles need. The addresses are views into `settings`.
std::vector<ListenerSetting> listener_settings(const Settings& settings);

/// Reads the sources, takes secrets from their files (api.key_file, store.url_file), and finds all mistakes, also those
/// that the table of settings cannot express: addresses, networks, urls, files, what does not go together. What it
/// finds no mistake in starts, unless the machine refuses: a port that is taken, a data directory that cannot be used.
SettingsReading read_and_check_settings(const SettingsSources& sources, Files& files);

/// Shorter keys are taken on loopback addresses only.
constexpr std::size_t kShortestPublicKey = 16;
/// Whether a listener of the API can be reached from other machines.
bool api_is_public(const Settings& settings);

}  // namespace sluice::daemon
