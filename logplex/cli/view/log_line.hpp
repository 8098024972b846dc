#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::cli {

/// One line as a tail shows it.
struct LogLine {
  std::string time;
  std::string source;
  std::string process;
  std::string text;
  std::string level;  // "err", "warning", ...; empty when the server did not say
  std::string json;   // the object as received; made from the fields when the server sent text
};

/// Reads what the server sent for one line: the JSON object, or `TIME SOURCE[PROC]: TEXT`. Text of any other form is a
/// line without time and source.
LogLine read_log_line(std::string_view data);

/// A hole in a stream, as the server reports it.
struct Gap {
  std::uint64_t lost = 0;
  std::string reason;
};

/// Reads the JSON of a `gap` event. What is missing stays empty.
Gap read_gap(std::string_view data);
/// `-- gap: 17 lines lost (reason) --` and a newline; without a number when even the server cannot know it.
std::string gap_notice(const Gap& gap);

}  // namespace sluice::cli
