#include "logplex/model/config_error.hpp"

namespace sluice {

const char* text_of(ConfigError error) {
  switch (error) {
    case ConfigError::kNotFound:
      return "not found";
    case ConfigError::kConflict:
      return "already exists";
    case ConfigError::kLimit:
      return "limit reached";
    case ConfigError::kInvalid:
      return "invalid value";
    case ConfigError::kForbidden:
      return "not allowed";
    case ConfigError::kUnavailable:
      return "the configuration cannot be written now";
    case ConfigError::kDamaged:
      return "damaged entry";
    case ConfigError::kNewer:
      return "written by a newer version";
  }
  return "unknown error";
}

}  // namespace sluice
