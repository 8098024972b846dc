#pragma once

#include "router/line/router_line.hpp"

namespace sluice {

/// The line of an ordinary request. What a test is about, it sets itself.
inline router::RouterLine sample_router_line() {
  router::RouterLine line;
  line.method = "GET";
  line.path = "/products/42?ref=home";
  line.host = "www.example.com";
  line.request_id = "8601b555-6a83-4c12-8269-97c8e32cdb22";
  line.forwarded_for = "198.51.100.1, 192.0.2.7";
  line.dyno = "web.1";
  line.connect_ms = 1;
  line.service_ms = 18;
  line.status = 200;
  line.bytes = 15225;
  return line;
}

}  // namespace sluice
