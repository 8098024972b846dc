#pragma once

#include <string>

#include <boost/json/value.hpp>

namespace sluice::cli {

/// What `status` prints: the nodes, their rates, and the drains that are not healthy. Missing members are left out.
std::string status_text(const boost::json::value& status);

/// Where the first node takes lines over HTTP: an address or host:port; "" when no node says.
std::string ingress_of(const boost::json::value& status);

/// One picture of `top`: the rates of each node.
std::string rates_text(const boost::json::value& status);

}  // namespace sluice::cli
