#pragma once

#include <string_view>

#include "logplex/wire/record.hpp"

namespace sluice {

// Lines are kept as they came; RFC 5424 (section 6) limits what its header may hold.

constexpr std::size_t kHostMax = 255;
constexpr std::size_t kAppNameMax = 48;
constexpr std::size_t kProcIdMax = 128;
constexpr std::size_t kMsgIdMax = 32;

/// PRINTUSASCII, at least one and at most `most` bytes.
bool fits_rfc5424(std::string_view field, std::size_t most);
/// `2026-01-02T03:04:05.678901+00:00`, with none to six digits behind the point and Z or an offset.
bool is_rfc5424_time(std::string_view time);
/// Whether every header field may be written as it is.
bool has_rfc5424_header(const RecordView& record);

/// Writes a field as the header may hold it: cut to `most` bytes, with `?` for each byte that is not printable ASCII,
/// `-` when empty.
template <class Sink>
void put_rfc5424(Sink& out, std::string_view field, std::size_t most) {
  if (field.empty()) out.put('-');
  for (const char c : field.substr(0, most)) out.put(c > ' ' && c < 0x7f ? c : '?');
}

}  // namespace sluice
