#pragma once

#include "logplex/base/error.hpp"

namespace sluice::cli {

/// Why a command ended early. Decides the exit status and, in a tail, whether to retry.
enum class CliError {
  kFailed = 1,     // the server or this machine refused; a retry does not help
  kUsage,          // the arguments make no sense; the user must change them
  kNotAuthorised,  // 401 or 403; the user needs another key
  kUnreachable,    // no connection, or it broke; a tail retries
  kTryLater,       // 429 or 5xx except 501; a tail retries
  kOutputClosed,   // nobody reads our output any more (EPIPE, EIO); ends silently with status 0
};

const char* text_of(CliError error);

SLUICE_ERROR_ENUM_IN(sluice::cli, CliError, "logplex/cli", text_of)

inline Error cli_error(CliError code, std::string message) { return {make_error_code(code), std::move(message)}; }
inline Error usage_error(std::string message) { return cli_error(CliError::kUsage, std::move(message)); }
inline Error failure(std::string message) { return cli_error(CliError::kFailed, std::move(message)); }

/// 0 output closed, 1 failed, 2 wrong usage, 3 not authorised.
int exit_status(const Error& error);
/// True if the same call may work later.
bool retry_helps(const Error& error);

}  // namespace sluice::cli
