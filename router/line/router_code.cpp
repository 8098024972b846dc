#include "router/line/router_code.hpp"

#include <iterator>

namespace sluice::router {
namespace {

using C = RouterCode;
constexpr LineLevel kInfo = LineLevel::kInfo;
constexpr LineLevel kWarning = LineLevel::kWarning;
constexpr LineLevel kError = LineLevel::kError;

constexpr RouterCodeRow kRows[] = {
    {C::kNone, "", "", kInfo, 200, ""},
    {C::kH11, "H11", "Backlog too deep", kError, 503, "", 1},
    {C::kH12, "H12", "Request timeout", kError, 503, ""},
    {C::kH13, "H13", "Connection closed without response", kError, 503, ""},
    {C::kH14, "H14", "No web processes running", kError, 503, ""},
    {C::kH15, "H15", "Idle connection", kError, 503, ""},
    {C::kH17, "H17", "Poorly formatted HTTP response", kError, 503, ""},
    {C::kH18, "H18", "Server Request Interrupted", kError, 503, "backend"},
    {C::kH19, "H19", "Backend connection timeout", kError, 503, ""},
    {C::kH21, "H21", "Backend connection refused", kError, 503, ""},
    {C::kH22, "H22", "Connection limit reached", kError, 503, "", 1},
    {C::kH24, "H24", "Forced close", kError, 0, ""},
    {C::kH25, "H25", "HTTP restriction", kError, 502, ""},
    {C::kH26, "H26", "Request Error", kError, 400, ""},
    {C::kH27, "H27", "Client Request Interrupted", kWarning, 499, "client"},
    {C::kH28, "H28", "Client Connection Idle", kWarning, 499, ""},
    {C::kH34, "H34", "All up dynos are quarantined", kError, 503, ""},
    {C::kH80, "H80", "Maintenance mode", kInfo, 503, ""},
    {C::kH99, "H99", "Platform error", kError, 503, ""},
};
static_assert(std::size(kRows) == kRouterCodes);

constexpr bool rows_are_in_order() {
  for (std::size_t i = 0; i < std::size(kRows); ++i)
    if (static_cast<std::size_t>(kRows[i].code) != i) return false;
  return true;
}
static_assert(rows_are_in_order());

}  // namespace

const RouterCodeRow& row_of(RouterCode code) { return kRows[static_cast<std::size_t>(code)]; }

}  // namespace sluice::router
