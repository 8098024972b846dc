#include "logplex/model/public_url.hpp"

#include "logplex/model/drain.hpp"

namespace sluice {

std::string public_url(std::string_view url) {
  std::string redacted = redacted_url(url);
  const auto scheme = redacted.find("://");
  const bool http = scheme != std::string::npos && (redacted[0] == 'h' || redacted[0] == 'H');
  if (!http) return redacted;
  const auto path = redacted.find_first_of("/?#", scheme + 3);
  if (path == std::string::npos || path + 1 == redacted.size()) return redacted;
  return redacted.substr(0, path) + "/***";
}

}  // namespace sluice
