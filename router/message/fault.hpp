#pragma once

#include <cstdint>

namespace sluice::router {

/// Why one of the sides of an exchange, or the process, cannot go on with it.
enum class Fault : std::uint8_t {
  // The request
  kBadChunk,      // its body is not chunked as its head says
  kClientMemory,  // the client makes us hold more memory than any other, and there is none left
  // The response
  kMalformed,      // it is none, or its body has a bad chunk
  kManyInterim,    // more interim responses than a request may have
  kBadLength,      // its Content-Length is unusable
  kLongCookie,     // a Set-Cookie value over its limit
  kLongFirstLine,  // a status line over its limit
  kLongHeader,     // any other line, or all of them, over its limit
  kHeadMemory,     // its head is incomplete and holds more memory than any other, and there is none left
  kBodyMemory,     // the same with its body, or with what it does not take of the request
  // Neither
  kStopping,  // the process is stopping and cannot wait any longer
};

}  // namespace sluice::router
