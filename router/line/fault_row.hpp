#pragma once

#include <string_view>

#include "router/line/router_code.hpp"
#include "router/message/fault.hpp"

namespace sluice::router {

/// How a fault ends the request.
struct FaultRow {
  Fault fault;
  RouterCode code;
  std::string_view cause;
  unsigned status = 0;                // of the page; 0 = the code's
  bool only_before_response = false;  // once a response has begun, the code's status counts
  std::string_view desc = {};         // instead of the code's
};

const FaultRow& row_of(Fault fault);

}  // namespace sluice::router
