#pragma once

#include <boost/json/object.hpp>

#include "logplex/api/frame/route.hpp"

namespace sluice::api {

/// The table as an OpenAPI 3.1 document.
boost::json::object openapi_document(const RouteTable& routes);

}  // namespace sluice::api
