#pragma once

#include <optional>
#include <string_view>

#include "logplex/base/uuid.hpp"
#include "logplex/wire/line.hpp"

namespace sluice {

/// Reads one message `<PRI>1 TIME HOST APP PROCID MSGID SD TEXT` (RFC 5424 section 6) into views of `message`;
/// `source` is the app-name field as it stands. Only what routing and rendering need is checked: PRI 0 to 191, version
/// 1, five header fields of 1 to 255 bytes without control characters. Structured data may be missing, as in Logplex's
/// own examples; then everything after MSGID is text. The text keeps every byte. `received` is left to the caller.
std::optional<LineView> parse_syslog(std::string_view message);
/// The same into a line that is there already, for those who take in many; false leaves it half written.
bool parse_syslog(std::string_view message, LineView& line);

/// The same for a message that must not be lost: what cannot be parsed becomes a line whose text is the whole message,
/// with the message's own PRI when it begins with one, and `now` (text that outlives the view) as its time.
LineView parse_or_wrap(std::string_view message, std::string_view now);

/// `t.` and a UUID; nothing else.
std::optional<Uuid> parse_token(std::string_view field);
/// The token of a message that is addressed by it: its 4th field, fields being parted by runs of spaces. Works on
/// messages that parse_syslog refuses too.
std::optional<Uuid> find_token(std::string_view message);

}  // namespace sluice
