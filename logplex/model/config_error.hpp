#pragma once

#include "logplex/base/error.hpp"

namespace sluice {

/// Why a change of the configuration was refused, or a stored entry could not be read.
enum class ConfigError {
  kNotFound = 1,  // what the change is about does not exist (404); retrying does not help
  kConflict,      // somebody else owns the name, domain or url, or it is reserved (409)
  kLimit,         // a limit is reached (422); make room first
  kInvalid,       // a value is not acceptable, the message names it (400 or 422)
  kForbidden,     // the caller may not do this, though others may (403); retrying does not help
  kUnavailable,   // the store cannot write now: full disk, unreachable, stopping (503); retry later
  kDamaged,       // a stored entry cannot be read; it is quarantined
  kNewer,         // written by a newer version that forbids this one to read it
};

const char* text_of(ConfigError error);
SLUICE_ERROR_ENUM(ConfigError, "config", text_of)

inline Error invalid(std::string message) { return {ConfigError::kInvalid, std::move(message)}; }
inline Error not_found(std::string message) { return {ConfigError::kNotFound, std::move(message)}; }
inline Error conflict(std::string message) { return {ConfigError::kConflict, std::move(message)}; }
inline Error forbidden(std::string message) { return {ConfigError::kForbidden, std::move(message)}; }
inline Error over_limit(std::string message) { return {ConfigError::kLimit, std::move(message)}; }

}  // namespace sluice
