#include "logplex/wire/timestamp.hpp"

#include <algorithm>

namespace sluice {
namespace {

using std::chrono::floor;

/// `digits` decimal digits of `value`, with leading zeros, then `mark`.
char* put_number(char* out, unsigned value, int digits, char mark) {
  for (int i = digits - 1; i >= 0; --i) {
    out[i] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
  out[digits] = mark;
  return out + digits + 1;
}

char* put_zone(char* out) {
  constexpr std::string_view kUtc = "+00:00";
  return std::copy(kUtc.begin(), kUtc.end(), out);
}

WallTime clamped(WallTime time) {
  constexpr WallTime kFirst = std::chrono::sys_days{std::chrono::year{0} / 1 / 1};
  constexpr WallTime kLast = WallTime(std::chrono::sys_days{std::chrono::year{10000} / 1 / 1}) - WallTime::duration(1);
  return std::clamp(time, kFirst, kLast);
}

/// `YYYY-MM-DDTHH:MM:SS` and `mark`.
char* put_seconds(WallTime time, char* out, char mark) {
  const auto day = floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(floor<std::chrono::seconds>(time) - day);
  out = put_number(out, static_cast<unsigned>(static_cast<int>(date.year())), 4, '-');
  out = put_number(out, static_cast<unsigned>(date.month()), 2, '-');
  out = put_number(out, static_cast<unsigned>(date.day()), 2, 'T');
  out = put_number(out, static_cast<unsigned>(clock.hours().count()), 2, ':');
  out = put_number(out, static_cast<unsigned>(clock.minutes().count()), 2, ':');
  return put_number(out, static_cast<unsigned>(clock.seconds().count()), 2, mark);
}

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

std::optional<std::chrono::seconds> take_clock(std::string_view& text) {
  const int hour = take_number(text, 2, ':');
  const int minute = take_number(text, 2, ':');
  const int second = take_number(text, 2);
  const bool valid = hour >= 0 && hour < 24 && minute >= 0 && minute < 60 && second >= 0 && second <= 60;
  if (!valid) return std::nullopt;
  return std::chrono::hours(hour) + std::chrono::minutes(minute) + std::chrono::seconds(second);
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
std::optional<std::chrono::seconds> take_offset(std::string_view text) {
  if (text == "Z" || text == "z") return std::chrono::seconds(0);
  if (text.empty() || (text[0] != '+' && text[0] != '-')) return std::nullopt;
  const int sign = text[0] == '+' ? 1 : -1;
  text.remove_prefix(1);
  const int hour = take_number(text, 2, ':');
  const int minute = take_number(text, 2);
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || !text.empty()) return std::nullopt;
  return sign * (std::chrono::seconds(hour * 3600) + std::chrono::seconds(minute * 60));
}

}  // namespace

char* write_timestamp(WallTime time, char* out) {
  time = clamped(time);
  const auto micros = (time - floor<std::chrono::seconds>(time)).count();
  out = put_seconds(time, out, '.');
  out = put_number(out, static_cast<unsigned>(micros), 6, '+');
  return put_zone(out - 1);
}

std::string timestamp(WallTime time) {
  std::string text(kTimestampSize, '\0');
  write_timestamp(time, text.data());
  return text;
}

std::string timestamp_seconds(WallTime time) {
  std::string text(25, '\0');
  put_zone(put_seconds(clamped(time), text.data(), '+') - 1);
  return text;
}

std::string_view TimestampCache::text(WallTime now) {
  if (now != time_) {
    write_timestamp(now, text_.data());
    time_ = now;
  }
  return {text_.data(), text_.size()};
}

std::optional<ReadTimestamp> read_timestamp(std::string_view text) {
  const auto day = take_date(text);
  if (!day || text.empty() || (text[0] != 'T' && text[0] != 't')) return std::nullopt;
  text.remove_prefix(1);
  const auto clock = take_clock(text);
  if (!clock) return std::nullopt;
  const std::string_view fraction = take_fraction(text);
  const auto offset = take_offset(text);
  if (!offset) return std::nullopt;
  return ReadTimestamp{std::chrono::sys_seconds(*day) + *clock - *offset, fraction};
}

}  // namespace sluice
