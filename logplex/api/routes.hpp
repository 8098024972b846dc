#pragma once

#include <span>

#include "logplex/api/frame/route.hpp"

namespace sluice::api {

/// Every call of the API, one row each.
std::span<const Route> api_routes();

}  // namespace sluice::api
