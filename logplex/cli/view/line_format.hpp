#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "logplex/cli/view/log_line.hpp"
#include "logplex/cli/view/times.hpp"

namespace sluice::cli {

enum class LineShape { kText, kRaw, kJson };

/// How lines are printed. Decided once per run from the arguments and the kind of output.
struct LineStyle {
  LineShape shape = LineShape::kText;
  bool colour = false;
  bool harmless = false;  // the output is a terminal: nothing in a line may control it
  Timestamps timestamps = Timestamps::kUtc;
};

/// Appends one line with a final newline: `2012-12-10T03:00:48.123456+00:00 app[web.1]: text`, the text alone, or the
/// JSON object.
void append_line(std::string& out, const LogLine& line, const LineStyle& style);

/// The SGR colour parameters for a source and process: the same in every run and on every machine.
std::string_view origin_colour(std::string_view source, std::string_view process);

/// Appends a router line's text and colours the values of at, code, desc, method, status, connect and service.
void append_router_text(std::string& out, std::string_view text);

}  // namespace sluice::cli
