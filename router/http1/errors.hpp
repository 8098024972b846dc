#pragma once

#include <cstdint>
#include <string_view>

#include "router/message/fault.hpp"

namespace sluice::router::http1 {

/// Why a request or response head is refused. Nothing is repaired: what RFC 9112 calls invalid or ambiguous ends the
/// connection, because request smuggling relies on two readers that repair differently.
enum class HeadError : std::uint8_t {
  kNone,
  // Lines
  kTooManyEmptyLines,  // more than 5 before a request line
  kBareLf,             // LF without CR
  kBareCr,             // CR without LF
  kControlByte,        // a control byte other than HT in a line
  // The request line
  kBadMethod,       // not a token, or over 127 characters
  kConnect,         // CONNECT is not offered
  kBadTarget,       // neither origin-form, absolute-form with http(s), nor `*` with OPTIONS
  kBadRequestLine,  // not three parts with single spaces
  kBadVersion,      // HTTP/x.y that is not 1.0 or 1.1
  kRequestLineTooLong,
  // The status line
  kBadStatusLine,
  kStatusLineTooLong,
  // Header fields
  kObsFold,  // a header line that begins with a blank
  kSpaceBeforeColon,
  kBadHeaderName,  // empty or not a token
  kNoColon,
  kHeaderNameTooLong,
  kHeaderValueTooLong,
  kCookieTooLong,  // a Set-Cookie value over its limit
  kTooManyHeaders,
  kHeadTooLarge,
  // Meaning
  kNoHost,
  kSeveralHosts,
  kBadHost,                // empty, not a name or address, or a bad port
  kBadContentLength,       // not a decimal number, a list, or different values
  kBadTransferEncoding,    // unparsable, or `chunked` is not last
  kUnknownTransferCoding,  // a coding before `chunked` that we do not support
  kTransferEncodingIn10,   // HTTP/1.0 has no transfer codings
  kLengthAndTransferEncoding,
  kBadUpgrade,     // `Connection: upgrade` without a usable Upgrade field
  kBadConnection,  // not a list of tokens, or over 64 of them
};

/// The error in words, for tests and our own log: "bare LF", "space before colon".
std::string_view to_string(HeadError error);
/// The status for a request with this error: 400, 414, 501 or 505.
unsigned status_of(HeadError error);
/// True when a response went over a limit (oversized line, header or cookie) or has an unusable length; false when it
/// is malformed.
bool is_response_limit(HeadError error);
/// The same, as whoever passes the response on needs to know it.
Fault fault_of(HeadError error);

/// Why a chunked body is refused (RFC 9112 section 7.1).
enum class ChunkError : std::uint8_t {
  kNone,
  kBadSize,       // no hex digit, or other bytes after the size
  kSizeOverflow,  // over 2^63 - 1, or over 16 digits
  kBadExtension,
  kLineTooLong,       // size and extensions over 4 KiB
  kMissingCrlf,       // chunk data, size or extension not followed by CRLF
  kBadTrailer,        // not a field line, or one that frames or routes messages
  kTrailersTooLarge,  // all trailers over 16 KiB
};
std::string_view to_string(ChunkError error);

}  // namespace sluice::router::http1
