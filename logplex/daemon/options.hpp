#pragma once

#include <optional>
#include <string>
#include <vector>

#include "logplex/base/settings.hpp"

namespace sluice::daemon {

/// The parsed command line.
struct Options {
  SettingsSources sources;
  bool check_config = false;
};

/// Reads the command line and the environment. It handles --help, --version and --help-settings itself. Then, and for
/// wrong usage, `exit_status` is set (0 or 2) and the process should exit with it.
struct ParsedOptions {
  Options options;
  std::optional<int> exit_status;
};
ParsedOptions parse_options(int argc, char** argv, char** environment);

}  // namespace sluice::daemon
