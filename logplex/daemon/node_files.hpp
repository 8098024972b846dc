#pragma once

#include <string>

#include "logplex/base/files.hpp"
#include "logplex/base/rng.hpp"
#include "logplex/base/secret.hpp"

namespace sluice::daemon {

/// The API key of this node: `configured` if set, else the content of DATA_DIR/api-key, which the first start creates
/// (mode 0600). Either way the file then holds the key in force, so that tools on this machine find it.
result<Secret, Error> load_api_key(const Secret& configured, const std::string& data_dir, Files& files, Rng& rng);

}  // namespace sluice::daemon
