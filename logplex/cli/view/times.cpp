#include "logplex/cli/view/times.hpp"

#include <ctime>

#include <fmt/format.h>

#include "logplex/base/units.hpp"
#include "logplex/cli/view/cli_error.hpp"
#include "logplex/wire/timestamp.hpp"

namespace sluice::cli {
namespace {

using std::chrono::seconds;
using std::chrono::sys_seconds;

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
std::optional<ReadTimestamp> read_without_zone(std::string_view text) {
  constexpr std::size_t kDate = 10;
  std::string whole(text);
  if (whole.size() == kDate) whole += "T00:00:00";
  if (whole.size() > kDate && whole[kDate] == ' ') whole[kDate] = 'T';
  auto read = read_timestamp(whole + "Z");
  if (read) read->fraction = {};  // it views into `whole`
  return read;
}

}  // namespace

std::string shown_time(std::string_view received, Timestamps how) {
  const auto time = read_timestamp(received);
  if (!time) return std::string(received);
  return format_civil(time->seconds, time->fraction,
                      how == Timestamps::kLocal ? local_offset(time->seconds) : seconds(0));
}

result<std::string, Error> point_in_time(std::string_view text, WallTime now) {
  if (text == "now") return format_time(now);
  if (read_timestamp(text)) return shown_time(text, Timestamps::kUtc);
  if (const auto time = read_without_zone(text)) return format_civil(time->seconds, {}, seconds(0));
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
