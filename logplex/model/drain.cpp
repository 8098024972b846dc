#include "logplex/model/drain.hpp"

#include <algorithm>

namespace sluice {
namespace {

/// Lower case.
constexpr std::string_view kReservedHeaders[] = {
    "host",       "content-length",    "content-type",      "transfer-encoding", "connection",
    "expect",     "user-agent",        "logplex-msg-count", "logplex-frame-id",  "logplex-drain-token",
    "webhook-id", "webhook-timestamp", "webhook-signature", "sluice-origin",     "sluice-passed"};

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
  return lower;
}

}  // namespace

bool is_reserved_header(std::string_view name) {
  return std::find(std::begin(kReservedHeaders), std::end(kReservedHeaders), lower_case(name)) !=
         std::end(kReservedHeaders);
}

}  // namespace sluice
