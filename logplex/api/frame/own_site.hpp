#pragma once

#include <string_view>

#include "logplex/net/http/http_message.hpp"

namespace sluice::api {

/// False when a browser says that a page of another site made the request: `Sec-Fetch-Site` is neither `same-origin`
/// nor `none`, or the host in `Origin` is neither the request's Host nor that of api.public_url. Programs other than
/// browsers send neither header. A page of a sibling host name counts as another site: it may be a tenant's.
bool is_own_site(const HttpRequest& request, std::string_view public_url);

}  // namespace sluice::api
