#pragma once

#include <string_view>

namespace sluice::daemon {

/// Tells systemd about this service (sd_notify(3): "READY=1", "STOPPING=1") when it was started with NOTIFY_SOCKET.
/// Without it nothing happens.
void notify_service_manager(std::string_view state);

}  // namespace sluice::daemon
