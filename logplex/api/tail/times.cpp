#include "logplex/api/tail/times.hpp"

#include <chrono>
#include <string>

#include "logplex/base/units.hpp"
#include "logplex/wire/timestamp.hpp"

namespace sluice::api {
namespace {

using std::chrono::microseconds;

/// The first six digits.
microseconds micros_of(std::string_view fraction) {
  std::string digits(fraction.substr(0, 6));
  digits.resize(6, '0');
  return microseconds(std::stol(digits));
}

/// With a space for the T, and the space that a query makes of the plus before an offset.
std::optional<WallTime> parse_loose_timestamp(std::string_view text) {
  constexpr std::size_t kDate = 10;
  constexpr std::size_t kOffset = 6;
  std::string strict(text);
  if (strict.size() > kDate && strict[kDate] == ' ') strict[kDate] = 'T';
  if (strict.size() > kOffset && strict[strict.size() - kOffset] == ' ') strict[strict.size() - kOffset] = '+';
  const auto read = read_timestamp(strict);
  if (!read) return std::nullopt;
  return read->seconds + micros_of(read->fraction);
}

}  // namespace

std::optional<WallTime> parse_moment(std::string_view text, WallTime now) {
  if (const auto at = parse_loose_timestamp(text)) return at;
  const auto before = parse_duration(text);
  if (before.has_error()) return std::nullopt;
  return now - std::chrono::duration_cast<microseconds>(*before);
}

}  // namespace sluice::api
