#include "logplex/base/log.hpp"

#include <algorithm>
#include <memory>

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace sluice {
namespace {

spdlog::logger& logger() {
  static const std::shared_ptr<spdlog::logger> kLogger = [] {
    auto made = spdlog::stderr_logger_mt("sluice");
    made->set_pattern("time=%Y-%m-%dT%H:%M:%S.%fZ level=%l %v", spdlog::pattern_time_type::utc);
    made->set_level(spdlog::level::info);
    return made;
  }();
  return *kLogger;
}

spdlog::level::level_enum level_of(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

/// Bytes of the UTF-8 character that the text begins with; 0 when it begins with none, or with a control character.
std::size_t printable_size(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return first < 0x20 || first == 0x7f ? 0 : 1;
  const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < size) return 0;
  for (std::size_t i = 1; i < size; ++i)
    if ((byte(i) & 0xc0) != 0x80) return 0;
  const bool second_control_set = first == 0xc2 && byte(1) < 0xa0;
  const bool too_long = (first == 0xe0 && byte(1) < 0xa0) || (first == 0xf0 && byte(1) < 0x90);
  const bool surrogate = first == 0xed && byte(1) >= 0xa0;
  const bool beyond = first == 0xf4 && byte(1) >= 0x90;
  return second_control_set || too_long || surrogate || beyond ? 0 : size;
}

bool is_plain(std::string_view value) {
  for (std::size_t at = 0; at < value.size();) {
    const char c = value[at];
    const std::size_t size = printable_size(value.substr(at));
    if (size == 0 || c == ' ' || c == '"' || c == '=' || c == '\\') return false;
    at += size;
  }
  return !value.empty();
}

/// Quotes what is not plain, so that no value can forge another field or line, or control a terminal.
void append_value(std::string& out, std::string_view value) {
  if (is_plain(value)) {
    out.append(value);
    return;
  }
  out.push_back('"');
  while (!value.empty()) {
    const std::size_t size = printable_size(value);
    if (size == 0) out.append(fmt::format("\\x{:02x}", static_cast<unsigned char>(value[0])));
    if (value[0] == '"' || value[0] == '\\') out.push_back('\\');
    out.append(value.substr(0, size));
    value.remove_prefix(std::max<std::size_t>(size, 1));
  }
  out.push_back('"');
}

}  // namespace

void log_line(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  const auto spd_level = level_of(level);
  if (!logger().should_log(spd_level)) return;
  std::string line = "msg=";
  append_value(line, message);
  for (const LogField& field : fields) {
    line.push_back(' ');
    line.append(field.key);
    line.push_back('=');
    append_value(line, field.value);
  }
  logger().log(spd_level, "{}", line);
}

void set_log_level(LogLevel level) { logger().set_level(level_of(level)); }

void flush_log() { logger().flush(); }

}  // namespace sluice
