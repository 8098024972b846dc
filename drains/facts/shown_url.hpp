#pragma once

#include <string>
#include <string_view>

namespace sluice::drains {

/// A drain's url for API answers, logs and errors: the password and the values of query parameters that look like
/// credentials are replaced by "***". Everything else stays byte for byte.
std::string redacted_url(std::string_view url);

/// A drain's url for log lines and for people who may read but not change the drain. Like redacted_url(); if the kind
/// has a secret_path, everything after the host becomes "/***", because some receivers have their key in the path.
std::string public_url(std::string_view url);

}  // namespace sluice::drains
