#pragma once

#include "logplex/base/settings.hpp"

namespace sluice::daemon {

/// Raises the descriptor limit, fits what listeners and the router may open to it, and says in the own log what limits
/// are in force. Warns where settings ask for more than there is: descriptors, memory. Returns the settings as they are
/// in force. At start, before any listener opens.
Settings fit_to_limits(Settings settings);

}  // namespace sluice::daemon
