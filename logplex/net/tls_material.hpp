#pragma once

#include <optional>
#include <string>

#include "logplex/base/secret.hpp"

namespace sluice {

/// What is wrong with the certificates and the key that a tenant gives: which field, and why. Holds no secret.
struct TlsMaterialFault {
  std::string field;  // "ca", "client_cert" or "client_key"
  std::string sentence;
};

/// Checks PEM texts before a connection uses them; empty ones are not checked. `ca` holds 1 to 256 certificates,
/// `client_cert` 1 to 10 with the first one's key in `client_key`, which needs no passphrase. Keys are those that
/// key_fault() takes. Costs ten milliseconds at the most. Pure; any thread.
std::optional<TlsMaterialFault> check_tls_material(const std::string& ca, const std::string& client_cert,
                                                   const Secret& client_key);

}  // namespace sluice
