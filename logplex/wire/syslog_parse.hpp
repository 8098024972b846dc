#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "logplex/base/uuid.hpp"
#include "logplex/wire/line.hpp"

namespace sluice {

/// What may be structured data behind MSGID. `- ` always is.
enum class StructuredData : std::uint8_t {
  kElements,  // `[ID NAME="VALUE" ...]` too, with one parameter at least (RFC 5424): TCP syslog
  kNilOnly,   // nothing else; senders leave it out and begin their text with brackets: `POST /logs`
};

/// Reads one message `<PRI>1 TIME HOST APP PROCID MSGID SD TEXT` (RFC 5424 section 6) into views of `message`;
/// `source` is the app-name field as it stands. Only what routing and rendering need is checked: PRI 0 to 191, version
/// 1, five header fields of 1 to 255 bytes without control characters. Structured data may be missing, as in Logplex's
/// own examples; then everything after MSGID is text. The text keeps every byte. `received` is left to the caller.
std::optional<LineView> parse_syslog(std::string_view message, StructuredData form = StructuredData::kElements);
/// The same into a line that is there already, for those who take in many; false leaves it half written.
bool parse_syslog(std::string_view message, StructuredData form, LineView& line);

/// A message that cannot be parsed, as a line: its text is the whole message, with the message's own PRI when it begins
/// with one, and `now` (text that outlives the view) as its time.
LineView wrap(std::string_view message, std::string_view now);
LineView parse_or_wrap(std::string_view message, std::string_view now);

/// Size of one element `[ID NAME="VALUE" ...]` at the start of `text`; 0 when there is none, or none with a parameter.
std::size_t structured_element_size(std::string_view text);

constexpr std::size_t kTokenSize = 2 + Uuid::kTextSize;
/// `t.` and a UUID; nothing else.
std::optional<Uuid> parse_token(std::string_view field);
/// The token of a message that is addressed by it: its 4th field, fields being parted by runs of spaces. In a message
/// of RFC 3164 (`<PRI>Nov  8 22:14:15 [HOST] TOKEN[PID]: TEXT`) its tag. Works on messages that parse_syslog refuses.
std::optional<Uuid> find_token(std::string_view message);

struct FoundToken {
  std::size_t at;
  Uuid value;
};
/// The first text of the form of a token at or behind `from`, wherever it stands.
std::optional<FoundToken> next_token(std::string_view text, std::size_t from);

}  // namespace sluice
