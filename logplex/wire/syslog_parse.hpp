#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "logplex/base/uuid.hpp"
#include "logplex/wire/line.hpp"

namespace sluice {

/// Which text after MSGID counts as structured data. `- ` always does.
enum class StructuredData : std::uint8_t {
  kElements,  // `[ID NAME="VALUE" ...]` too, with one parameter at least (RFC 5424): TCP syslog
  kNilOnly,   // `- ` only: `POST /logs`, whose senders omit it and may begin texts with brackets
};

/// Reads one message `<PRI>1 TIME HOST APP PROCID MSGID SD TEXT` (RFC 5424 section 6) into views of `message`;
/// `source` is the app-name field as it stands. Only what routing and rendering need is checked: PRI 0 to 191, version
/// 1, five header fields of 1 to 255 bytes without control characters. Structured data may be missing, as in Logplex's
/// own examples; then everything after MSGID is text. The text keeps every byte. `received` is left to the caller.
std::optional<LineView> parse_syslog(std::string_view message, StructuredData form = StructuredData::kElements);
/// Like the above, but fills an existing line, for callers that parse many messages. False leaves the line half
/// written.
bool parse_syslog(std::string_view message, StructuredData form, LineView& line);

/// Makes a line of a message that cannot be parsed. The text is the whole message; PRI is the message's own when it
/// begins with one; the time is `now`, which must outlive the view.
LineView wrap(std::string_view message, std::string_view now);
LineView parse_or_wrap(std::string_view message, std::string_view now);

/// Size of one element `[ID NAME="VALUE" ...]` at the start of `text`; 0 when there is none, or none with a parameter.
std::size_t structured_element_size(std::string_view text);

constexpr std::size_t kTokenSize = 2 + Uuid::kTextSize;
/// `t.` and a UUID; nothing else.
std::optional<Uuid> parse_token(std::string_view field);
/// The token that a message is addressed to: its 4th field, where runs of spaces separate fields. In a message of RFC
/// 3164 (`<PRI>Nov  8 22:14:15 [HOST] TOKEN[PID]: TEXT`) it is the tag. Works also on messages that parse_syslog
/// refuses.
std::optional<Uuid> find_token(std::string_view message);

struct FoundToken {
  std::size_t at;
  Uuid value;
};
/// The first text in the form of a token that begins at or after `from`.
std::optional<FoundToken> next_token(std::string_view text, std::size_t from);

}  // namespace sluice
