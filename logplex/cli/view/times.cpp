#include "logplex/cli/view/times.hpp"

#include <ctime>

#include <fmt/format.h>

#include "logplex/base/units.hpp"
#include "logplex/cli/view/cli_error.hpp"

namespace sluice::cli {
namespace {

using std::chrono::seconds;
using std::chrono::sys_seconds;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Takes exactly `digits` digits and the character after them from the front of text; -1 when they are not there.
int take_number(std::string_view& text, std::size_t digits, char after = 0) {
  const std::size_t size = digits + (after == 0 ? 0 : 1);
  if (text.size() < size) return -1;
  int value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (!is_digit(text[i])) return -1;
    value = value * 10 + (text[i] - '0');
  }
  if (after != 0 && text[digits] != after) return -1;
  text.remove_prefix(size);
  return value;
}

std::optional<std::chrono::sys_days> take_date(std::string_view& text) {
  const int year = take_number(text, 4, '-');
  const int month = take_number(text, 2, '-');
  const int day = take_number(text, 2);
  if (year < 0 || month < 0 || day < 0) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days{date};
}

std::optional<seconds> take_clock(std::string_view& text) {
  const int hour = take_number(text, 2, ':');
  const int minute = take_number(text, 2, ':');
  const int second = take_number(text, 2);
  const bool valid = hour >= 0 && hour < 24 && minute >= 0 && minute < 60 && second >= 0 && second <= 60;
  if (!valid) return std::nullopt;
  return std::chrono::hours(hour) + std::chrono::minutes(minute) + seconds(second);
}

std::string_view take_fraction(std::string_view& text) {
  if (text.size() < 2 || text[0] != '.' || !is_digit(text[1])) return {};
  std::size_t size = 1;
  while (size < text.size() && is_digit(text[size])) ++size;
  const std::string_view fraction = text.substr(1, size - 1);
  text.remove_prefix(size);
  return fraction;
}

/// "Z" or "+hh:mm", and nothing after it.
std::optional<seconds> take_offset(std::string_view text) {
  if (text == "Z" || text == "z") return seconds(0);
  if (text.empty() || (text[0] != '+' && text[0] != '-')) return std::nullopt;
  const int sign = text[0] == '+' ? 1 : -1;
  text.remove_prefix(1);
  const int hour = take_number(text, 2, ':');
  const int minute = take_number(text, 2);
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || !text.empty()) return std::nullopt;
  return sign * (seconds(hour * 3600) + seconds(minute * 60));
}

seconds local_offset(sys_seconds time) {
  const std::time_t clock = time.time_since_epoch().count();
  std::tm broken_down{};
  return ::localtime_r(&clock, &broken_down) == nullptr ? seconds(0) : seconds(broken_down.tm_gmtoff);
}

std::string format_civil(sys_seconds utc, std::string_view fraction, seconds offset) {
  const sys_seconds shown = utc + offset;
  const auto day = std::chrono::floor<std::chrono::days>(shown);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{shown - day};
  const long minutes = std::abs(offset.count()) / 60;
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{}{}{}{:02}:{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count(), fraction.empty() ? "" : ".", fraction,
                     offset.count() < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

/// "2026-01-02", "2026-01-02T03:04:05" and "2026-01-02 03:04:05" mean UTC.
std::optional<sys_seconds> parse_without_zone(std::string_view text) {
  const auto day = take_date(text);
  if (!day) return std::nullopt;
  if (text.empty()) return sys_seconds(*day);
  if (text[0] != 'T' && text[0] != ' ') return std::nullopt;
  text.remove_prefix(1);
  const auto clock = take_clock(text);
  if (!clock || !text.empty()) return std::nullopt;
  return sys_seconds(*day) + *clock;
}

}  // namespace

std::optional<Timestamp> parse_timestamp(std::string_view text) {
  const auto day = take_date(text);
  if (!day || text.empty() || (text[0] != 'T' && text[0] != 't')) return std::nullopt;
  text.remove_prefix(1);
  const auto clock = take_clock(text);
  if (!clock) return std::nullopt;
  const std::string_view fraction = take_fraction(text);
  const auto offset = take_offset(text);
  if (!offset) return std::nullopt;
  return Timestamp{sys_seconds(*day) + *clock - *offset, fraction};
}

std::string shown_time(std::string_view received, Timestamps how) {
  const auto time = parse_timestamp(received);
  if (!time) return std::string(received);
  return format_civil(time->seconds, time->fraction,
                      how == Timestamps::kLocal ? local_offset(time->seconds) : seconds(0));
}

result<std::string, Error> point_in_time(std::string_view text, WallTime now) {
  if (text == "now") return format_time(now);
  if (parse_timestamp(text)) return shown_time(text, Timestamps::kUtc);
  if (const auto time = parse_without_zone(text)) return format_civil(*time, {}, seconds(0));
  if (const auto age = parse_duration(text); age.has_value()) {
    return format_time(now - std::chrono::duration_cast<std::chrono::microseconds>(*age));
  }
  return usage_error("'" + std::string(text) +
                     "' is not a time; write an age such as 10m or 2h, or 2026-01-02T03:04:05Z");
}

std::string format_time(WallTime time) {
  const auto whole = std::chrono::floor<seconds>(time);
  return format_civil(whole, fmt::format("{:06}", (time - whole).count()), seconds(0));
}

std::string format_age(std::chrono::milliseconds age) {
  const long long total = age.count() / 1000;
  if (total < 1) return fmt::format("{}ms", std::max<long long>(age.count(), 0));
  struct Unit {
    long long seconds;
    char name;
  };
  static constexpr Unit kUnits[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};
  for (std::size_t i = 0; i < std::size(kUnits); ++i) {
    if (total < kUnits[i].seconds) continue;
    std::string largest = fmt::format("{}{}", total / kUnits[i].seconds, kUnits[i].name);
    if (i + 1 == std::size(kUnits)) return largest;
    const long long rest = total % kUnits[i].seconds / kUnits[i + 1].seconds;
    return rest == 0 ? largest : fmt::format("{} {}{}", largest, rest, kUnits[i + 1].name);
  }
  return "0s";
}

}  // namespace sluice::cli
