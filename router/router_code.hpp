#pragma once

#include <cstdint>
#include <string_view>

namespace sluice::router {

/// What went wrong with a request, as the `code` and `desc` of its router line: the codes of Heroku's router.
enum class RouterCode : std::uint8_t {
  kNone,
  kH11,  // every backend has reached its hard limit, or the app its own
  kH12,  // no first byte in time
  kH13,  // the backend closed before it sent a byte
  kH14,  // the app has no backends
  kH15,  // the backend was silent in the middle of a response
  kH17,  // the response is malformed
  kH18,  // the backend closed in the middle
  kH19,  // connecting took too long on every backend tried
  kH21,  // connecting failed on every backend tried
  kH22,  // the app has as many client connections as it may have
  kH24,  // we are shutting down and the request was not done in time
  kH25,  // the response is over a limit
  kH26,  // the request is malformed
  kH27,  // the client closed before the response was complete
  kH28,  // the client was silent in the middle
  kH34,  // every backend is in quarantine
  kH80,  // maintenance mode
  kH99,  // our own fault
};
constexpr std::size_t kRouterCodes = 19;

enum class LineLevel : std::uint8_t { kInfo, kWarning, kError };

struct RouterCodeRow {
  RouterCode code;
  std::string_view name;  // "H12"
  std::string_view desc;
  LineLevel level;
  unsigned status;           // of the page and of the line; 0 = the connection is closed without one
  std::string_view sock;     // whose connection is to blame: "client", "backend" or empty
  unsigned retry_after = 0;  // seconds that the page says
};

const RouterCodeRow& row_of(RouterCode code);

}  // namespace sluice::router
