#pragma once

#include <cstdint>
#include <string_view>

namespace sluice::router {

/// Why a request failed, shown as `code` and `desc` of its router line. The codes are those of Heroku's router.
enum class RouterCode : std::uint8_t {
  kNone,
  kH11,  // every backend is at its hard limit, or the app at its request limit
  kH12,  // no first byte in time
  kH13,  // the backend closed before it sent a byte
  kH14,  // the app has no backends
  kH15,  // the backend was silent in the middle of a response, or took no more of the request
  kH17,  // the response is malformed
  kH18,  // the backend closed in the middle of the request or response
  kH19,  // connecting took too long on every backend tried
  kH21,  // connecting failed on every backend tried
  kH22,  // the app has as many client connections as it may have
  kH24,  // we are shutting down and the request was not done in time
  kH25,  // the response is over a limit
  kH26,  // the request is malformed
  kH27,  // the client closed before the response was complete
  kH28,  // the client was silent or too slow in the middle of a request or response
  kH34,  // every backend is in quarantine
  kH80,  // maintenance mode
  kH99,  // our own failure, such as no free descriptor
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
  unsigned retry_after = 0;  // seconds, stated on the page; 0 = not stated
};

const RouterCodeRow& row_of(RouterCode code);

}  // namespace sluice::router
