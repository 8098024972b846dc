#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "logplex/base/result.hpp"

namespace sluice {

/// A number of bytes, as a type so that every signature shows the unit.
struct Bytes {
  std::uint64_t count = 0;

  friend constexpr auto operator<=>(Bytes, Bytes) = default;
  friend constexpr Bytes operator+(Bytes a, Bytes b) { return {a.count + b.count}; }
  friend constexpr Bytes operator-(Bytes a, Bytes b) { return {a.count - b.count}; }
};

constexpr Bytes operator""_B(unsigned long long n) { return {n}; }
constexpr Bytes operator""_KiB(unsigned long long n) { return {n << 10}; }
constexpr Bytes operator""_MiB(unsigned long long n) { return {n << 20}; }
constexpr Bytes operator""_GiB(unsigned long long n) { return {n << 30}; }

/// Reads "4096", "64KiB", "16 MiB", "1GB" (decimal units too). Error: text says what is accepted.
result<Bytes, Error> parse_bytes(std::string_view text);
/// The shortest exact form: "64KiB", "1000".
std::string format_bytes(Bytes bytes);

/// An amount that may depend on a total: "200" is 200, "10%" a tenth of the total, "10x" ten times the total.
struct Portion {
  enum class Unit : std::uint8_t { kCount, kPercent, kTimes };
  std::uint64_t amount = 0;
  Unit unit = Unit::kCount;

  /// The amount for this total, rounded down; at most 2^64 - 1.
  std::uint64_t of(std::uint64_t total) const;
};

/// Reads "200", "64KiB" (as parse_bytes()), "10%" (0% to 100%) or "10x". Error: text says what is accepted.
result<Portion, Error> parse_portion(std::string_view text);

using Duration = std::chrono::nanoseconds;

/// Reads "250ms", "5s", "2m", "1h", "3d", "10us"; a bare "0" too. Error: text says what is accepted.
result<Duration, Error> parse_duration(std::string_view text);
/// The shortest exact form: "5s", "1500ms", "2h".
std::string format_duration(Duration duration);

}  // namespace sluice
