#include "logplex/api/tail/times.hpp"

#include <chrono>

#include "logplex/base/units.hpp"

namespace sluice::api {
namespace {

using std::chrono::microseconds;

/// Takes parts of a fixed form from the front of a text; `ok` stays false after the first part that does not fit.
struct Reader {
  std::string_view rest;
  bool ok = true;

  unsigned digits(std::size_t count) {
    unsigned value = 0;
    if (rest.size() < count) ok = false;
    for (std::size_t i = 0; ok && i < count; ++i) {
      if (rest[i] < '0' || rest[i] > '9') ok = false;
      value = value * 10 + static_cast<unsigned>(rest[i] - '0');
    }
    if (ok) rest.remove_prefix(count);
    return value;
  }
  bool take(std::string_view any_of) {
    if (rest.empty() || any_of.find(rest.front()) == std::string_view::npos) return false;
    rest.remove_prefix(1);
    return true;
  }
  void need(std::string_view any_of) { ok = take(any_of) && ok; }
};

microseconds fraction(Reader& in) {
  if (!in.take(".")) return {};
  long value = 0;
  long unit = 1'000'000;
  std::size_t count = 0;
  for (; !in.rest.empty() && in.rest.front() >= '0' && in.rest.front() <= '9'; ++count) {
    if (unit > 1) value = value + (in.rest.front() - '0') * (unit /= 10);
    in.rest.remove_prefix(1);
  }
  if (count == 0) in.ok = false;
  return microseconds(value);
}

std::chrono::minutes offset(Reader& in) {
  if (in.take("Zz")) return {};
  const bool west = in.rest.starts_with('-');
  in.need("+- ");  // a plus that a query decoded to a space
  const auto hours = in.digits(2);
  in.need(":");
  const auto minutes = in.digits(2);
  if (hours > 23 || minutes > 59) in.ok = false;
  const std::chrono::minutes total(hours * 60 + minutes);
  return west ? -total : total;
}

std::optional<WallTime> parse_timestamp(std::string_view text) {
  Reader in{text};
  const std::chrono::year year(static_cast<int>(in.digits(4)));
  in.need("-");
  const std::chrono::month month(in.digits(2));
  in.need("-");
  const std::chrono::year_month_day date(year, month, std::chrono::day(in.digits(2)));
  in.need("Tt ");
  const auto hour = in.digits(2);
  in.need(":");
  const auto minute = in.digits(2);
  in.need(":");
  const auto second = in.digits(2);
  const auto parts = fraction(in);
  const auto ahead = offset(in);
  if (!in.ok || !in.rest.empty() || !date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  return std::chrono::sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
         std::chrono::seconds(second) + parts - ahead;
}

}  // namespace

std::optional<WallTime> parse_moment(std::string_view text, WallTime now) {
  if (const auto at = parse_timestamp(text)) return at;
  const auto before = parse_duration(text);
  if (before.has_error()) return std::nullopt;
  return now - std::chrono::duration_cast<microseconds>(*before);
}

}  // namespace sluice::api
