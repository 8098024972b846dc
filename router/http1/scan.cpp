#include "router/http1/scan.hpp"

namespace sluice::router::http1 {
namespace {

constexpr bool is_alnum(int c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
constexpr bool contains(std::string_view set, int c) { return set.find(static_cast<char>(c)) != set.npos; }

constexpr std::array<std::uint8_t, 256> classify_all() {
  std::array<std::uint8_t, 256> classes{};
  for (int c = 1; c < 128; ++c) {
    std::uint8_t bits = 0;
    if (is_alnum(c)) bits |= kTokenChar | kHostChar | kRequestIdChar;
    if (contains("!#$%&'*+-.^_`|~", c)) bits |= kTokenChar;
    if (contains("-._~", c)) bits |= kHostChar;
    if (contains("=+/-", c)) bits |= kRequestIdChar;
    if (c >= '0' && c <= '9') bits |= kDigitChar | kHexChar;
    if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')) bits |= kHexChar;
    classes[static_cast<std::size_t>(c)] = bits;
  }
  return classes;
}

}  // namespace

constexpr std::array<std::uint8_t, 256> kComputedClasses = classify_all();
const std::array<std::uint8_t, 256> kCharClasses = kComputedClasses;

const char* find_control_portable(const char* at, const char* end) {
  while (at < end && !is_control(*at)) ++at;
  return at;
}

bool equals_lower(std::string_view text, std::string_view lower) {
  if (text.size() != lower.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i)
    if (to_lower(text[i]) != lower[i]) return false;
  return true;
}

bool same_name(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (to_lower(a[i]) != to_lower(b[i])) return false;
  return true;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace sluice::router::http1
