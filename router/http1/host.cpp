#include "router/http1/host.hpp"

#include <algorithm>

#include "logplex/base/bytes/bytes16.hpp"
#include "logplex/base/bytes/copy_text.hpp"
#include "router/http1/scan.hpp"

namespace sluice::router::http1 {
namespace {

/// Size of a `[...]` address, 0 when it is not valid.
std::size_t address_size(std::string_view value) {
  const std::size_t close = value.find(']');
  if (close == std::string_view::npos || close < 3) return 0;
  const std::string_view inside = value.substr(1, close - 1);
  const bool valid =
      std::all_of(inside.begin(), inside.end(), [](char c) { return is_char(c, kHexChar) || c == ':' || c == '.'; });
  return valid && std::count(inside.begin(), inside.end(), ':') >= 2 ? close + 1 : 0;
}

/// The lower-case form of each byte that may stand in a name; 0 for all others.
constexpr std::array<char, 256> make_name_chars() {
  std::array<char, 256> chars{};
  for (const char c : std::string_view("0123456789abcdefghijklmnopqrstuvwxyz-._~")) {
    chars[static_cast<unsigned char>(c)] = c;
    if (c >= 'a' && c <= 'z') chars[static_cast<unsigned char>(c - 'a' + 'A')] = c;
  }
  return chars;
}
constexpr auto kNameChars = make_name_chars();

/// Copies the name at the start of the value to `out`, lower-cased; returns its size, at most `most`.
std::size_t take_name(std::string_view value, char* out, std::size_t most) {
  most = std::min(most, value.size());
  std::size_t size = 0;
  for (char c; size < most && (c = kNameChars[static_cast<unsigned char>(value[size])]) != 0; ++size) out[size] = c;
  return size;
}

/// Copies a name without port, lower-cased, 16 bytes at a time, when it consists of letters, digits, `-` and `.`, as
/// nearly every name does. Else returns false and leaves anything in `out`. `out` has room for at least 16 bytes.
bool take_usual(std::string_view value, char* out) {
  const auto others = [](Bytes16 bytes) {
    return bytes.equal('/').or_not(bytes.letter() | bytes.between('-', '9')).places();
  };
  if (value.size() < 16) {
    copy_short(value, out);
    const Bytes16 bytes(out);
    bytes.with_bit_0x20().store(out);
    const auto found = others(bytes);
    return found.none() || found.first() >= value.size();
  }
  const std::size_t last = value.size() - 16;  // overlaps the bytes before it
  for (std::size_t at = 0;; at = std::min(at + 16, last)) {
    const Bytes16 bytes(value.data() + at);
    bytes.with_bit_0x20().store(out + at);
    if (!others(bytes).none()) return false;
    if (at == last) return true;
  }
}

/// True for an empty text, or a colon and a port, which may be empty too (RFC 3986 section 3.2.3).
bool is_port(std::string_view rest) {
  if (rest.empty()) return true;
  if (rest[0] != ':' || rest.size() > 6) return false;
  std::uint32_t port = 0;
  for (const char c : rest.substr(1)) {
    if (!is_char(c, kDigitChar)) return false;
    port = port * 10 + static_cast<std::uint32_t>(c - '0');
  }
  return port <= 65535;
}

}  // namespace

bool Host::parse(std::string_view value) {
  clear();
  if (value.empty()) return false;
  if (value.size() <= kLongest && take_usual(value, name_.data())) {
    size_ = static_cast<std::uint8_t>(value.size());
    return true;
  }
  return parse_unusual(value);
}

/// Parses a value with a port, brackets or rare characters, or finds it bad.
bool Host::parse_unusual(std::string_view value) {
  std::size_t size = 0;
  if (value[0] != '[') {
    size = take_name(value, name_.data(), kLongest);
  } else if (size = address_size(value); size <= kLongest) {
    std::transform(value.begin(), value.begin() + static_cast<std::ptrdiff_t>(size), name_.begin(), to_lower);
  }
  if (size == 0 || size > kLongest || !is_port(value.substr(size))) return false;
  size_ = static_cast<std::uint8_t>(size);
  return true;
}

}  // namespace sluice::router::http1
