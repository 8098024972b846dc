#pragma once

#include <optional>
#include <string>
#include <vector>

#include "logplex/base/settings.hpp"

namespace sluice::daemon {

/// What the command line asks for.
struct Options {
  SettingsSources sources;
  bool check_config = false;
};

/// Reads the command line and the environment. Handles --help, --version and --help-settings itself; then, and for a
/// wrong use, `exit_status` says with what to end (0 or 2).
struct ParsedOptions {
  Options options;
  std::optional<int> exit_status;
};
ParsedOptions parse_options(int argc, char** argv, char** environment);

}  // namespace sluice::daemon
