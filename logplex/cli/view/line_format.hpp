#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "logplex/cli/view/log_line.hpp"
#include "logplex/cli/view/times.hpp"

namespace sluice::cli {

enum class LineShape { kText, kRaw, kJson };

/// How lines look. Decided once per run from the arguments and from what the output is.
struct LineStyle {
  LineShape shape = LineShape::kText;
  bool colour = false;
  bool harmless = false;  // the reader is a terminal: nothing in a line may command it
  Timestamps timestamps = Timestamps::kUtc;
};

/// Appends one line, its final newline ensured:
/// `2012-12-10T03:00:48.123456+00:00 app[web.1]: text`, the text alone, or the JSON object.
void append_line(std::string& out, const LogLine& line, const LineStyle& style);

/// The SGR parameters for a source and process: the same in every run and on every machine.
std::string_view origin_colour(std::string_view source, std::string_view process);

/// Appends a router line's text with at, code, desc, status, connect and service coloured by what they mean.
void append_router_text(std::string& out, std::string_view text);

}  // namespace sluice::cli
