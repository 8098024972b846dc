#pragma once

#include <string>
#include <string_view>

#include "logplex/api/frame/answer.hpp"
#include "logplex/net/dial/address_guard.hpp"

namespace sluice::api {

/// Checks a drain's url as far as possible without connecting. 400: not a url; 422: a scheme, option or address that
/// this build does not deliver to. The drains check the addresses of host names at every connect.
checked<void> check_drain_url(std::string_view url, const AddressGuard& guard);

/// Checks a drain's format against its url's scheme; an empty format means the scheme's default.
checked<void> check_drain_format(std::string_view url, std::string_view format);
/// The default format for such a url; empty for a scheme that we do not support.
std::string_view default_drain_format(std::string_view url);
/// 422: batches for such a url cannot be signed with a secret.
checked<void> check_drain_can_sign(std::string_view url);

}  // namespace sluice::api
