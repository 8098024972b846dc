#include "logplex/net/authorization.hpp"

#include <algorithm>

#include "logplex/net/http_message.hpp"

namespace sluice {
namespace {

constexpr std::size_t kLongestHeader = 4096;

int base64_value(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  return c == '/' ? 63 : -1;
}

/// RFC 4648 section 4; missing padding is accepted, anything else that is not base64 is not.
std::optional<std::string> base64_decoded(std::string_view text) {
  while (!text.empty() && text.back() == '=') text.remove_suffix(1);
  if (text.size() % 4 == 1) return std::nullopt;
  std::string out;
  unsigned bits = 0;
  int have = 0;
  for (const char c : text) {
    const int value = base64_value(c);
    if (value < 0) return std::nullopt;
    bits = bits << 6 | static_cast<unsigned>(value);
    have += 6;
    if (have < 8) continue;
    have -= 8;
    out += static_cast<char>(bits >> have & 0xff);
  }
  return out;
}

/// RFC 4648 section 4, padded.
std::string base64_encoded(std::string_view bytes) {
  constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::size_t have = std::min<std::size_t>(3, bytes.size() - at);
    unsigned bits = 0;
    for (std::size_t i = 0; i < 3; ++i) bits = bits << 8 | (i < have ? static_cast<unsigned char>(bytes[at + i]) : 0u);
    for (std::size_t i = 0; i < 4; ++i) out += i <= have ? kDigits[bits >> (18 - 6 * i) & 63] : '=';
  }
  return out;
}

std::string_view without_spaces(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

}  // namespace

std::optional<Authorization> Authorization::parse(std::string_view header) {
  if (header.size() > kLongestHeader) return std::nullopt;
  const auto space = header.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  const auto scheme = header.substr(0, space);
  const auto rest = without_spaces(header.substr(space));
  if (rest.empty()) return std::nullopt;
  if (equal_ignoring_case(scheme, "Bearer")) return Authorization{{}, std::string(rest)};
  if (!equal_ignoring_case(scheme, "Basic")) return std::nullopt;
  const auto pair = base64_decoded(rest);
  const auto colon = pair ? pair->find(':') : std::string::npos;
  if (colon == std::string::npos) return std::nullopt;
  return Authorization{pair->substr(0, colon), pair->substr(colon + 1)};
}

std::string basic_authorization(std::string_view user, std::string_view password) {
  return "Basic " + base64_encoded(std::string(user) + ":" + std::string(password));
}

}  // namespace sluice
