#pragma once

#include <string_view>

namespace sluice::daemon {

/// Tells systemd the state of this service (sd_notify(3): "READY=1", "STOPPING=1"). Does nothing without NOTIFY_SOCKET.
void notify_service_manager(std::string_view state);

}  // namespace sluice::daemon
