#include "logplex/base/log.hpp"

#include <algorithm>
#include <memory>

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "logplex/base/bytes/utf8.hpp"

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

bool is_plain(std::string_view value) {
  for (std::size_t at = 0; at < value.size();) {
    const char c = value[at];
    const std::size_t size = visible_sequence_size(value.substr(at));
    if (size == 0 || c == ' ' || c == '"' || c == '=' || c == '\\') return false;
    at += size;
  }
  return !value.empty();
}

/// Quotes a value that is not plain, so that it cannot forge another field or line, control a terminal, or look like
/// something else on one.
void append_value(std::string& out, std::string_view value) {
  if (is_plain(value)) {
    out.append(value);
    return;
  }
  out.push_back('"');
  while (!value.empty()) {
    const std::size_t size = visible_sequence_size(value);
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
