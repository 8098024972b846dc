#pragma once

#include "logplex/base/result.hpp"
#include "logplex/base/secret.hpp"

namespace sluice {

/// The key bytes that sign a drain's bodies. A secret that begins with `whsec_`, as in Standard Webhooks, holds them as
/// base64 of 24 to 64 bytes; any other secret is the key itself. The error (invalid_argument) says what is wrong and
/// holds no part of the secret.
result<Secret, Error> signing_key(const Secret& secret);

}  // namespace sluice
