#pragma once

#include <string>

#include "logplex/base/result.hpp"
#include "logplex/base/secret.hpp"

struct stat;

namespace sluice {

/// Reads a secret from a file, without trailing line ends. Fails when the file cannot be read, is empty or larger than
/// 64 KiB, belongs neither to this user nor to root, can be read by anybody but its owner and group, or can be written
/// by anybody but its owner. Errors name the path and what to do.
result<Secret, Error> read_secret_file(const std::string& path);

/// Why a file of this type, owner and mode must not hold a secret, as the end of a sentence; empty when it may.
std::string trouble_with_secret(const struct stat& file);

}  // namespace sluice
