#pragma once

#include <string>
#include <string_view>

#include "logplex/api/frame/answer.hpp"
#include "logplex/net/dial/address_guard.hpp"

namespace sluice::api {

/// Checks a drain's url as far as that is possible without connecting. 400: no url at all; 422: a scheme, option or
/// address that this build does not deliver to. Host names are judged at every connect, by the drains.
checked<void> check_drain_url(std::string_view url, const AddressGuard& guard);

/// Checks a drain's format against its url's scheme; empty is the scheme's default.
checked<void> check_drain_format(std::string_view url, std::string_view format);
/// The format in which such a drain sends when none was given; empty for a scheme that is not ours.
std::string_view default_drain_format(std::string_view url);
/// 422: what goes to such a url cannot be signed with a secret.
checked<void> check_drain_can_sign(std::string_view url);

}  // namespace sluice::api
