#include "logplex/cli/view/line_format.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "logplex/cli/view/terminal_text.hpp"

namespace sluice::cli {
namespace {

constexpr std::string_view kDim = "2";
constexpr std::string_view kBold = "1";
constexpr std::string_view kGood = "32";
constexpr std::string_view kNotice = "36";
constexpr std::string_view kWarn = "33";
constexpr std::string_view kBad = "1;31";

void append_coloured(std::string& out, std::string_view colour, std::string_view text) {
  if (colour.empty()) {
    out += text;
    return;
  }
  out.append("\x1b[").append(colour).append("m").append(text).append("\x1b[0m");
}

/// Milliseconds of "18ms"; -1 for anything else.
long milliseconds_of(std::string_view value) {
  long number = 0;
  const auto [end, code] = std::from_chars(value.data(), value.data() + value.size(), number);
  const bool valid = code == std::errc{} && std::string_view(end, value.data() + value.size()) == "ms";
  return valid ? number : -1;
}

std::string_view duration_colour(std::string_view value) {
  const long milliseconds = milliseconds_of(value);
  if (milliseconds < 0) return {};
  return milliseconds < 100 ? kGood : milliseconds < 500 ? kNotice : milliseconds < 1000 ? kWarn : kBad;
}

std::string_view status_colour(std::string_view value) {
  if (value.size() != 3) return {};
  switch (value[0]) {
    case '1':
    case '2':
      return kGood;
    case '3':
      return kNotice;
    case '4':
      return kWarn;
    case '5':
      return kBad;
    default:
      return {};
  }
}

std::string_view value_colour(std::string_view key, std::string_view value) {
  if (key == "status") return status_colour(value);
  if (key == "service" || key == "connect") return duration_colour(value);
  if (key == "at") return value == "error" ? kBad : value == "warning" ? kWarn : std::string_view{};
  if (key == "code") return kBad;
  if (key == "desc" || key == "method") return kBold;
  return {};
}

/// End of the logfmt value that begins at `begin`: the closing quote, or the next blank.
std::size_t end_of_value(std::string_view text, std::size_t begin) {
  if (begin >= text.size() || text[begin] != '"') return std::min(text.find_first_of(" \n", begin), text.size());
  for (std::size_t i = begin + 1; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      return i + 1;
    }
  }
  return text.size();
}

bool is_router_line(const LogLine& line) {
  return line.process == "router" && (line.text.starts_with("at=") || line.text.starts_with("sock="));
}

std::string_view level_colour(std::string_view level) {
  if (level == "emerg" || level == "alert" || level == "crit" || level == "err" || level == "error") return "31";
  return level == "warning" ? kWarn : std::string_view{};
}

/// Indents what follows a line feed inside a line, so that it does not look like a line of its own.
std::string set_in(std::string_view text) {
  std::string out;
  for (auto at = text.find('\n'); at != std::string_view::npos; at = text.find('\n')) {
    out.append(text.substr(0, at + 1)).append("    ");
    text.remove_prefix(at + 1);
  }
  return out.append(text);
}

/// The name on one line, whatever its sender put into it.
std::string on_one_line(std::string name) {
  std::replace(name.begin(), name.end(), '\n', ' ');
  return name;
}

void append_text(std::string& out, const LogLine& line, const LineStyle& style) {
  std::string_view text = line.text;
  if (text.ends_with('\n')) text.remove_suffix(1);
  const std::string shown = style.shape == LineShape::kText ? set_in(text) : std::string(text);
  text = shown;
  if (style.harmless && text.ends_with('\r')) text.remove_suffix(1);
  if (!style.colour) {
    style.harmless ? append_harmless(out, text, TerminalText::kPlain) : void(out += text);
  } else if (is_router_line(line)) {
    append_router_text(out, harmless(text));
  } else if (text.find('\x1b') == std::string_view::npos) {
    append_coloured(out, level_colour(line.level), harmless(text));
  } else {
    append_harmless(out, text, TerminalText::kKeepColours);
    out += "\x1b[0m";
  }
  out += '\n';
}

void append_origin(std::string& out, const LogLine& line, const LineStyle& style) {
  std::string time = style.timestamps == Timestamps::kNone ? std::string() : shown_time(line.time, style.timestamps);
  std::string origin = line.source;
  if (!line.process.empty()) origin += "[" + line.process + "]";
  if (!origin.empty()) origin += ":";
  time = on_one_line(std::move(time));
  origin = on_one_line(std::move(origin));
  if (style.harmless || style.colour) {
    time = harmless(time);
    origin = harmless(origin);
  }
  if (!time.empty()) {
    append_coloured(out, style.colour ? kDim : std::string_view{}, time);
    out += ' ';
  }
  if (!origin.empty()) {
    append_coloured(out, style.colour ? origin_colour(line.source, line.process) : std::string_view{}, origin);
    out += ' ';
  }
}

}  // namespace

std::string_view origin_colour(std::string_view source, std::string_view process) {
  // No red, because it means trouble. These colours are readable on dark and light backgrounds; lines of the platform
  // are bold.
  static constexpr std::array<std::string_view, 10> kPalette = {"36", "33", "32", "35", "34",
                                                                "96", "93", "92", "95", "94"};
  static constexpr std::array<std::string_view, 3> kPlatform = {"1;35", "1;36", "1;34"};
  std::uint64_t hash = 0xcbf29ce484222325ULL;  // FNV-1a
  const auto mix = [&hash](std::string_view text) {
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  };
  mix(source);
  mix("[");
  mix(process);
  hash = (hash ^ hash >> 29) * 0xbf58476d1ce4e5b9ULL;  // short names that differ in one digit get different colours
  const std::uint64_t pick = hash >> 32;
  return source == "heroku" ? kPlatform[pick % kPlatform.size()] : kPalette[pick % kPalette.size()];
}

void append_router_text(std::string& out, std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t equals = text.find_first_of("= \n", at);
    if (equals == std::string_view::npos || text[equals] != '=') {
      const std::size_t next = equals == std::string_view::npos ? text.size() : equals + 1;
      out += text.substr(at, next - at);
      at = next;
      continue;
    }
    const std::string_view key = text.substr(at, equals - at);
    const std::size_t end = end_of_value(text, equals + 1);
    const std::string_view value = text.substr(equals + 1, end - equals - 1);
    out.append(key).append("=");
    append_coloured(out, value.empty() ? std::string_view{} : value_colour(key, value), value);
    at = end;
  }
}

void append_line(std::string& out, const LogLine& line, const LineStyle& style) {
  if (style.shape == LineShape::kJson) {
    style.harmless ? append_harmless(out, line.json, TerminalText::kPlain) : void(out += line.json);
    out += '\n';
    return;
  }
  if (style.shape == LineShape::kText) append_origin(out, line, style);
  append_text(out, line, style);
}

}  // namespace sluice::cli
