#pragma once

#include <string_view>

#include "logplex/net/http/http_message.hpp"

namespace sluice::api {

/// False when a browser says that a page of another site made the request: `Sec-Fetch-Site` is neither `same-origin`
/// nor `none`, or `Origin` is neither the host that was asked nor that of api.public_url. Programs send neither. A page
/// of a neighbouring host name is another site too: it may be a tenant's.
bool is_own_site(const HttpRequest& request, std::string_view public_url);

}  // namespace sluice::api
