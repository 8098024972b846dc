#pragma once

#include "logplex/base/settings.hpp"

namespace sluice::daemon {

/// Raises the descriptor limit, reduces the connection settings of listeners and router to fit it, and logs the limits
/// in force. Warns when settings ask for more descriptors or memory than there are. Returns the settings in force. Call
/// at start, before any listener opens.
Settings fit_to_limits(Settings settings);

}  // namespace sluice::daemon
