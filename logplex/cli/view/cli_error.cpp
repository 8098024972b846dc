#include "logplex/cli/view/cli_error.hpp"

namespace sluice::cli {

const char* text_of(CliError error) {
  switch (error) {
    case CliError::kFailed:
      return "failed";
    case CliError::kUsage:
      return "wrong usage";
    case CliError::kNotAuthorised:
      return "not authorised";
    case CliError::kUnreachable:
      return "server not reachable";
    case CliError::kTryLater:
      return "server busy";
    case CliError::kOutputClosed:
      return "output closed";
  }
  return "unknown";
}

int exit_status(const Error& error) {
  if (error.code == CliError::kOutputClosed) return 0;
  if (error.code == CliError::kUsage) return 2;
  if (error.code == CliError::kNotAuthorised) return 3;
  return 1;
}

bool retry_helps(const Error& error) {
  return error.code == CliError::kUnreachable || error.code == CliError::kTryLater;
}

}  // namespace sluice::cli
