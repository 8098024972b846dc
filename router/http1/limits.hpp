#pragma once

#include <cstddef>

#include "logplex/base/settings.hpp"

namespace sluice::router::http1 {

/// Limits for one head. Each is exact: it does not depend on how the bytes were split into packets.
struct HeadLimits {
  std::size_t start_line;  // request or status line without its CRLF
  std::size_t name;        // a header's name
  std::size_t value;       // a header's value without the blanks around it
  std::size_t cookie;      // a Set-Cookie value
  std::size_t line;        // a header line without its CRLF, blanks included
  std::size_t fields;      // number of header lines
  std::size_t head;        // everything, empty lines included

  static HeadLimits of_requests(const RouterSettings& settings);
  static HeadLimits of_responses(const RouterSettings& settings);
};

}  // namespace sluice::router::http1
