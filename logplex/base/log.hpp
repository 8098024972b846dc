#pragma once

#include <concepts>
#include <string>
#include <string_view>
#include <type_traits>

#include <fmt/core.h>

namespace sluice {

/// Our own log: one logfmt line per event on stderr. Fixed message, then key=value. Never a secret, never a customer's
/// line. Any thread. A line is written before the call returns, so not for per-request or per-line events.
enum class LogLevel { kDebug, kInfo, kWarning, kError };

/// One key=value of a log line.
struct LogField {
  std::string_view key;
  std::string value;

  template <class T>
  LogField(std::string_view name, const T& v) : key(name), value(fmt::format("{}", v)) {}
};

void log_line(LogLevel level, std::string_view message, std::initializer_list<LogField> fields);

inline void log_debug(std::string_view m, std::initializer_list<LogField> f = {}) { log_line(LogLevel::kDebug, m, f); }
inline void log_info(std::string_view m, std::initializer_list<LogField> f = {}) { log_line(LogLevel::kInfo, m, f); }
inline void log_warning(std::string_view m, std::initializer_list<LogField> f = {}) {
  log_line(LogLevel::kWarning, m, f);
}
inline void log_error(std::string_view m, std::initializer_list<LogField> f = {}) { log_line(LogLevel::kError, m, f); }

void set_log_level(LogLevel level);
/// Flushes the log. Called once before the process ends.
void flush_log();

}  // namespace sluice
