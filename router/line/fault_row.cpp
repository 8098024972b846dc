#include "router/line/fault_row.hpp"

#include <cstddef>
#include <iterator>

namespace sluice::router {
namespace {

constexpr std::string_view kMemory = "memory";
constexpr FaultRow kFaults[] = {
    {Fault::kBadChunk, RouterCode::kH26, "bad chunk", 400},
    // The client does not take its response, or it sent these bytes too early.
    {Fault::kClientMemory, RouterCode::kH28, kMemory, 413, true},
    {Fault::kMalformed, RouterCode::kH17, {}},
    {Fault::kManyInterim, RouterCode::kH17, "too many interim responses"},
    {Fault::kBadLength, RouterCode::kH25, {}, 0, false, "HTTP restriction: invalid content length"},
    {Fault::kLongCookie, RouterCode::kH25, {}, 0, false, "HTTP restriction: oversized cookie"},
    {Fault::kLongFirstLine, RouterCode::kH25, {}, 0, false, "HTTP restriction: oversized status line"},
    {Fault::kLongHeader, RouterCode::kH25, {}, 0, false, "HTTP restriction: oversized header"},
    {Fault::kHeadMemory, RouterCode::kH25, kMemory, 503, true},
    {Fault::kBodyMemory, RouterCode::kH15, kMemory, 503, true},
    {Fault::kStopping, RouterCode::kH24, {}},
};

constexpr bool rows_are_in_order() {
  for (std::size_t i = 0; i < std::size(kFaults); ++i)
    if (static_cast<std::size_t>(kFaults[i].fault) != i) return false;
  return true;
}
static_assert(rows_are_in_order());

}  // namespace

const FaultRow& row_of(Fault fault) { return kFaults[static_cast<std::size_t>(fault)]; }

}  // namespace sluice::router
