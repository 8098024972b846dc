#include "logplex/base/units.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

namespace sluice {
namespace {

__extension__ using Wide = unsigned __int128;

struct Unit {
  std::string_view name;
  std::uint64_t scale;
};

constexpr std::array<Unit, 9> kByteUnits{{{"", 1},
                                          {"B", 1},
                                          {"KiB", 1ULL << 10},
                                          {"MiB", 1ULL << 20},
                                          {"GiB", 1ULL << 30},
                                          {"TiB", 1ULL << 40},
                                          {"kB", 1000},
                                          {"MB", 1'000'000},
                                          {"GB", 1'000'000'000}}};

constexpr std::array<Unit, 7> kTimeUnits{{{"ns", 1},
                                          {"us", 1'000},
                                          {"ms", 1'000'000},
                                          {"s", 1'000'000'000},
                                          {"m", 60'000'000'000},
                                          {"h", 3'600'000'000'000},
                                          {"d", 86'400'000'000'000}}};

Error unreadable(std::string_view what, std::string_view text, std::string_view accepted) {
  return {make_error_code(boost::system::errc::invalid_argument),
          "'" + std::string(text.substr(0, 64)) + "' is not " + std::string(what) + " (" + std::string(accepted) + ")"};
}

/// Splits "64 KiB" into the number and the unit's scale; 0 when there is no such unit.
template <std::size_t N>
bool read_scaled(std::string_view text, const std::array<Unit, N>& units, std::uint64_t& out) {
  std::uint64_t number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc{}) return false;
  std::string_view rest(end, static_cast<std::size_t>(text.data() + text.size() - end));
  while (!rest.empty() && rest.front() == ' ') rest.remove_prefix(1);
  for (const Unit& unit : units) {
    if (unit.name != rest) continue;
    if (number > std::numeric_limits<std::int64_t>::max() / unit.scale) return false;
    out = number * unit.scale;
    return true;
  }
  return false;
}

}  // namespace

result<Bytes, Error> parse_bytes(std::string_view text) {
  std::uint64_t count = 0;
  if (!read_scaled(text, kByteUnits, count)) return unreadable("a size", text, "for example 4096, 64KiB, 16MiB, 4GiB");
  return Bytes{count};
}

std::string format_bytes(Bytes bytes) {
  for (const std::string_view name : {"GiB", "MiB", "KiB"}) {
    for (const Unit& unit : kByteUnits) {
      if (unit.name == name && bytes.count >= unit.scale && bytes.count % unit.scale == 0)
        return std::to_string(bytes.count / unit.scale) + std::string(name);
    }
  }
  return std::to_string(bytes.count);
}

result<Duration, Error> parse_duration(std::string_view text) {
  if (text == "0") return Duration{0};
  const auto wrong = [text] { return unreadable("a duration", text, "for example 250ms, 5s, 2m, 1h, 1h30m"); };
  std::uint64_t total = 0;
  std::uint64_t least = std::numeric_limits<std::uint64_t>::max();  // of the parts so far; the next is a smaller one
  for (std::string_view rest = text; total == 0 || !rest.empty();) {
    const auto digits = std::min(rest.find_first_not_of("0123456789."), rest.size());
    const auto part = rest.substr(0, rest.find_first_of("0123456789.", digits));
    std::uint64_t count = 0;
    std::uint64_t unit = 0;
    if (!read_scaled(part, kTimeUnits, count) || !read_scaled("1" + std::string(part.substr(digits)), kTimeUnits, unit))
      return wrong();
    if (unit >= least || total + count > static_cast<std::uint64_t>(Duration::max().count())) return wrong();
    least = unit;
    total += count;
    rest.remove_prefix(part.size());
    if (rest.empty()) break;
  }
  return Duration{static_cast<Duration::rep>(total)};
}

std::string format_duration(Duration duration) {
  const auto count = static_cast<std::uint64_t>(duration.count());
  if (count == 0) return "0s";
  for (auto unit = kTimeUnits.rbegin(); unit != kTimeUnits.rend(); ++unit) {
    if (count % unit->scale == 0) return std::to_string(count / unit->scale) + std::string(unit->name);
  }
  return std::to_string(count) + "ns";
}

std::uint64_t Portion::of(std::uint64_t total) const {
  Wide value = amount;
  if (unit == Unit::kPercent) value = Wide{total} * amount / 100;
  if (unit == Unit::kTimes) value = Wide{total} * amount;
  return static_cast<std::uint64_t>(std::min(value, Wide{std::numeric_limits<std::uint64_t>::max()}));
}

result<Portion, Error> parse_portion(std::string_view text) {
  Portion portion;
  std::string_view digits = text;
  if (digits.ends_with('%')) portion.unit = Portion::Unit::kPercent;
  if (digits.ends_with('x')) portion.unit = Portion::Unit::kTimes;
  if (portion.unit == Portion::Unit::kCount && read_scaled(text, kByteUnits, portion.amount)) return portion;
  if (portion.unit != Portion::Unit::kCount) digits.remove_suffix(1);
  const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), portion.amount);
  const bool too_many_percent = portion.unit == Portion::Unit::kPercent && portion.amount > 100;
  if (failed != std::errc{} || end != digits.data() + digits.size() || too_many_percent)
    return unreadable("a portion", text, "for example 200, 64KiB, 10%, 10x");
  return portion;
}

}  // namespace sluice
