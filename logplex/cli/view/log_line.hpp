#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::cli {

/// One line, as `logs` and `tail` show it.
struct LogLine {
  std::string time;
  std::string source;
  std::string process;
  std::string text;
  std::string level;  // "err", "warning", ...; empty if the server did not say
  std::string json;   // the object as received; made from the fields if the server sent text
};

/// Reads one line as the server sent it: a JSON object, or `TIME SOURCE[PROC]: TEXT`. Any other text becomes a line
/// without time and source.
LogLine read_log_line(std::string_view data);

/// A gap in a stream, as the server reports it.
struct Gap {
  std::uint64_t lost = 0;
  std::string reason;
};

/// Reads the JSON of a `gap` event. Missing members stay empty.
Gap read_gap(std::string_view data);
/// `-- gap: 17 lines lost (reason) --` and a newline; without a number if even the server cannot know it.
std::string gap_notice(const Gap& gap);

}  // namespace sluice::cli
