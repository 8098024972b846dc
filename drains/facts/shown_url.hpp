#pragma once

#include <string>
#include <string_view>

namespace sluice::drains {

/// A drain's url for answers, logs and errors: the password and the values of query parameters that look like
/// credentials are replaced by "***". Everything else stays byte for byte.
std::string redacted_url(std::string_view url);

/// A drain's url for readers who may not change the drain, and for lines: as redacted_url(), and because some receivers
/// have their key in the path, the url of a kind with a secret_path ends with "/***" behind its host.
std::string public_url(std::string_view url);

}  // namespace sluice::drains
