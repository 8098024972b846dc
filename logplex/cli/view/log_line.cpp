#include "logplex/cli/view/log_line.hpp"

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "logplex/cli/view/json_text.hpp"

namespace sluice::cli {
namespace {

namespace json = boost::json;

std::string object_of(const LogLine& line) {
  return json::serialize(
      json::object{{"time", line.time}, {"source", line.source}, {"process", line.process}, {"text", line.text}});
}

LogLine from_object(const json::value& object, std::string_view data) {
  LogLine line;
  line.time = text_at(object, "time");
  line.source = text_at(object, "source");
  line.process = text_at(object, "process");
  line.text = text_at(object, "text");
  line.level = text_at(object, "level");
  line.json = data;
  return line;
}

/// The position after "SOURCE[PROC]: ", or npos if the text does not begin that way.
std::size_t end_of_origin(std::string_view text, LogLine& line) {
  const std::size_t open = text.find_first_of(" [");
  if (open == std::string_view::npos || open == 0 || text[open] != '[') return std::string_view::npos;
  const std::size_t close = text.find("]:", open);
  if (close == std::string_view::npos || text.substr(open, close - open).find(' ') != std::string_view::npos) {
    return std::string_view::npos;
  }
  line.source = text.substr(0, open);
  line.process = text.substr(open + 1, close - open - 1);
  return close + (text.size() > close + 2 && text[close + 2] == ' ' ? 3 : 2);
}

LogLine from_text(std::string_view data) {
  LogLine line;
  const std::size_t space = data.find(' ');
  const std::size_t origin = space == std::string_view::npos ? data.size() : space + 1;
  const std::size_t text = end_of_origin(data.substr(origin), line);
  if (text == std::string_view::npos) {
    line.text = data;
  } else {
    line.time = data.substr(0, space);
    line.text = data.substr(origin + text);
  }
  line.json = object_of(line);
  return line;
}

}  // namespace

LogLine read_log_line(std::string_view data) {
  if (data.starts_with('{')) {
    const auto value = read_json(data);
    if (value.has_value() && member(*value, "text") != nullptr) return from_object(*value, data);
  }
  return from_text(data);
}

Gap read_gap(std::string_view data) {
  Gap gap;
  const auto value = read_json(data);
  if (!value.has_value()) return gap;
  gap.lost = count_at(*value, "lost").value_or(0);
  gap.reason = text_at(*value, "reason");
  return gap;
}

std::string gap_notice(const Gap& gap) {
  if (gap.lost == 0) return "-- gap: lines may be lost (" + (gap.reason.empty() ? "unknown" : gap.reason) + ") --\n";
  const std::string reason = gap.reason.empty() ? "" : " (" + gap.reason + ")";
  return fmt::format("-- gap: {} {} lost{} --\n", gap.lost, gap.lost == 1 ? "line" : "lines", reason);
}

}  // namespace sluice::cli
