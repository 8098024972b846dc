#pragma once

#include <string>

#include "logplex/base/result.hpp"
#include "logplex/base/secret.hpp"

struct stat;

namespace sluice {

/// The text of a file that holds a secret, without line ends behind it. At most 64 KiB. Errors name the path and what
/// to do: it cannot be read, is empty, belongs to another user than us and root, or others than its owner and group may
/// read it, or others than its owner may write to it.
result<Secret, Error> read_secret_file(const std::string& path);

/// Why a file with this owner and mode must not hold a secret, as the end of a sentence; empty = it may.
std::string trouble_with_secret(const struct stat& file);

}  // namespace sluice
