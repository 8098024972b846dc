#include "router/client_protocol.hpp"

namespace sluice::router {

std::span<const ClientProtocol* const> client_protocols() {
  static const ClientProtocol* const kAll[] = {
#define SLUICE_CLIENT_PROTOCOL(name) &name##_client_protocol(),
#include "router/client_protocols.def"
#undef SLUICE_CLIENT_PROTOCOL
  };
  return kAll;
}

const ClientProtocol* find_client_protocol(std::string_view name) {
  for (const ClientProtocol* const protocol : client_protocols())
    if (protocol->name == name) return protocol;
  return nullptr;
}

}  // namespace sluice::router
