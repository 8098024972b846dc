#pragma once

#include <string>

#include "logplex/base/files.hpp"
#include "logplex/base/rng.hpp"
#include "logplex/base/secret.hpp"

namespace sluice::daemon {

/// The API key of this node: `configured` when set, else DATA_DIR/api-key, made (mode 0600) at the first start. The
/// file holds the key in force either way, so that tools on this machine find it.
result<Secret, Error> load_api_key(const Secret& configured, const std::string& data_dir, Files& files, Rng& rng);

}  // namespace sluice::daemon
