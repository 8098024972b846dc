#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "logplex/base/result.hpp"
#include "logplex/base/secret.hpp"

namespace sluice {

/// Seals secrets with AES-256-GCM for a place that others may read, such as Redis, a dump or a url.
///
///     sealed text = KEY "." base64url(nonce 12 bytes, ciphertext, tag 16 bytes)     KEY = 8 hex digits that name the
///     key
///
/// Every text is bound to its place: open() needs the same `place` as seal(), so that nobody who can write there moves
/// a sealed value somewhere else. The nonce is a keyed hash of place and value (HMAC-SHA-256): the same value at the
/// same place gives the same text, so that comparing texts still tells whether a value has changed, and no two values
/// share a nonce.
///
/// The first key seals; the others only open, while an operator changes keys. Immutable; any thread.
class Seal {
 public:
  static constexpr std::size_t kKeySize = 32;
  using Key = std::array<std::uint8_t, kKeySize>;

  /// One key a line: 32 bytes as 64 hexadecimal digits or as base64. Empty lines and lines that begin with # are
  /// skipped. At least one key, at most 16. Errors name the line, never a key.
  static result<Seal, Error> parse(std::string_view text);
  /// The same from a file that nobody but its owner may read or write; its owner is this user or root. Errors name the
  /// path.
  static result<Seal, Error> read_file(const std::string& path);
  /// With one key.
  explicit Seal(const Key& key);

  std::string seal(std::string_view value, std::string_view place) const;
  /// None when the text is malformed, was changed, belongs to another place, or needs a key that is not here.
  std::optional<Secret> open(std::string_view sealed, std::string_view place) const;

  /// Names the key that a text needs; empty when the text is malformed.
  static std::string_view key_name(std::string_view sealed);
  bool has_key(std::string_view name) const { return find(name) != nullptr; }
  /// The key that seals.
  const std::string& current() const { return keys_.front().name; }

 private:
  struct Keys {
    std::string name;
    Key cipher;
    Key nonce;
  };

  static Keys derive(const Key& key);
  Seal() = default;
  const Keys* find(std::string_view name) const;

  std::vector<Keys> keys_;
};

}  // namespace sluice
