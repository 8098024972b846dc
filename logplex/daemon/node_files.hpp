#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "logplex/base/files.hpp"
#include "logplex/base/rng.hpp"
#include "logplex/base/secret.hpp"

namespace sluice {

/// The API key of this node: `configured` when set, else DATA_DIR/api-key, made (mode 0600) at the first start. The
/// file holds the key in force either way, so that tools on this machine find it.
result<Secret, Error> load_api_key(const Secret& configured, const std::string& data_dir, Files& files, Rng& rng);

/// Setting name and the ports it listens on, in order.
using ListenerPorts = std::vector<std::pair<std::string, std::vector<std::uint16_t>>>;

/// Writes DATA_DIR/ports.json, renamed into place: an integer, or an array when the setting lists several.
result<void, Error> write_ports(const ListenerPorts& ports, const std::string& data_dir, Files& files);

}  // namespace sluice
