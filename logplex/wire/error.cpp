#include "logplex/wire/error.hpp"

namespace sluice {

const char* text_of(WireError error) {
  switch (error) {
    case WireError::kBadRecord:
      return "record is damaged";
    case WireError::kBadGzip:
      return "not valid gzip";
    case WireError::kTooLarge:
      return "larger than the limit when unpacked";
    case WireError::kDearFilter:
      return "filter too expensive";
    case WireError::kBadFilter:
      return "filter cannot be read";
  }
  return "unknown wire error";
}

}  // namespace sluice
