#pragma once

#include <string>

#include <boost/json/value.hpp>

namespace sluice::cli {

/// The output of `status`: the nodes, their rates, and the drains that are not healthy. Leaves out what the server did
/// not send.
std::string status_text(const boost::json::value& status);

/// Where the first node accepts lines over HTTP: an address or host:port; "" if no node says.
std::string ingress_of(const boost::json::value& status);

/// One screen of `top`: the rates of each node.
std::string rates_text(const boost::json::value& status);

}  // namespace sluice::cli
