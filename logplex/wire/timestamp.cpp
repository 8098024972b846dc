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

}  // namespace sluice
