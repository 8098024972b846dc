#include "router/http1/errors.hpp"

#include <array>

namespace sluice::router::http1 {
namespace {

struct HeadErrorRow {
  HeadError error;
  unsigned status;
  bool response_limit;
  std::string_view text;
};

using E = HeadError;
constexpr HeadErrorRow kHeadErrors[] = {
    {E::kNone, 200, false, "none"},
    {E::kTooManyEmptyLines, 400, false, "too many empty lines"},
    {E::kBareLf, 400, false, "bare LF"},
    {E::kBareCr, 400, false, "bare CR"},
    {E::kControlByte, 400, false, "control byte"},
    {E::kBadMethod, 400, false, "bad method"},
    {E::kConnect, 400, false, "CONNECT"},
    {E::kBadTarget, 400, false, "bad target"},
    {E::kBadRequestLine, 400, false, "bad request line"},
    {E::kBadVersion, 505, false, "bad version"},
    {E::kRequestLineTooLong, 414, false, "request line too long"},
    {E::kBadStatusLine, 400, false, "bad status line"},
    {E::kStatusLineTooLong, 400, true, "status line too long"},
    {E::kObsFold, 400, false, "folded line"},
    {E::kSpaceBeforeColon, 400, false, "space before colon"},
    {E::kBadHeaderName, 400, false, "bad header name"},
    {E::kNoColon, 400, false, "no colon"},
    {E::kHeaderNameTooLong, 400, true, "header name too long"},
    {E::kHeaderValueTooLong, 400, true, "header value too long"},
    {E::kCookieTooLong, 400, true, "cookie too long"},
    {E::kTooManyHeaders, 400, true, "too many headers"},
    {E::kHeadTooLarge, 400, true, "head too large"},
    {E::kNoHost, 400, false, "no host"},
    {E::kSeveralHosts, 400, false, "several hosts"},
    {E::kBadHost, 400, false, "bad host"},
    {E::kBadContentLength, 400, true, "bad content length"},
    {E::kBadTransferEncoding, 400, false, "bad transfer encoding"},
    {E::kUnknownTransferCoding, 501, false, "unknown transfer coding"},
    {E::kTransferEncodingIn10, 400, false, "transfer encoding in HTTP/1.0"},
    {E::kLengthAndTransferEncoding, 400, false, "content length and transfer encoding"},
    {E::kBadUpgrade, 400, false, "bad upgrade"},
    {E::kBadConnection, 400, false, "bad connection header"},
};

constexpr bool rows_are_in_order() {
  for (std::size_t i = 0; i < std::size(kHeadErrors); ++i)
    if (static_cast<std::size_t>(kHeadErrors[i].error) != i) return false;
  return true;
}
static_assert(rows_are_in_order());

constexpr std::array<std::string_view, 8> kChunkErrors = {
    "none",         "bad chunk size", "chunk size overflow", "bad chunk extension", "chunk line too long",
    "missing CRLF", "bad trailer",    "trailers too large"};

const HeadErrorRow& row(HeadError error) { return kHeadErrors[static_cast<std::size_t>(error)]; }

}  // namespace

std::string_view to_string(HeadError error) { return row(error).text; }
unsigned status_of(HeadError error) { return row(error).status; }
bool is_response_limit(HeadError error) { return row(error).response_limit; }

Fault fault_of(HeadError error) {
  if (!is_response_limit(error)) return Fault::kMalformed;
  switch (error) {
    case HeadError::kBadContentLength:
      return Fault::kBadLength;
    case HeadError::kCookieTooLong:
      return Fault::kLongCookie;
    case HeadError::kStatusLineTooLong:
      return Fault::kLongFirstLine;
    default:
      return Fault::kLongHeader;
  }
}

std::string_view to_string(ChunkError error) { return kChunkErrors[static_cast<std::size_t>(error)]; }

}  // namespace sluice::router::http1
