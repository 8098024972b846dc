#pragma once

#include "logplex/base/result.hpp"
#include "logplex/base/secret.hpp"

namespace sluice {

/// The bytes that sign a drain's bodies: behind `whsec_`, as Standard Webhooks writes keys, base64 of 24 to 64 bytes;
/// anything else is the key itself. The error (invalid_argument) says what is wrong and holds no part of the secret.
result<Secret, Error> signing_key(const Secret& secret);

}  // namespace sluice
