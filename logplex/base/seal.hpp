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

/// Encrypts secrets with AES-256-GCM for places that others may read, such as Redis, a dump or a URL.
///
///     sealed text = KEY "." base64url(nonce 12 bytes, ciphertext, tag 16 bytes)
///     KEY         = 8 hex digits that name the key
///
/// A sealed text is bound to its place: open() needs the same `place` as seal(), so nobody who can write to the store
/// can move a sealed value elsewhere. The nonce is a keyed hash (HMAC-SHA-256) of place and value, so no two values
/// share a nonce. The same value at the same place gives the same text, so comparing texts shows whether a value has
/// changed.
///
/// The first key seals; the others only open, so that an operator can change keys. Immutable; any thread.
class Seal {
 public:
  static constexpr std::size_t kKeySize = 32;
  using Key = std::array<std::uint8_t, kKeySize>;

  /// One key per line: 32 bytes as 64 hexadecimal digits or as base64. Empty lines and lines that begin with # are
  /// skipped. At least one key, at most 16. Errors name the line, never a key.
  static result<Seal, Error> parse(std::string_view text);
  /// Parses the keys in a file. The file must belong to this user or root, and nobody else may read or write it. Errors
  /// name the path.
  static result<Seal, Error> read_file(const std::string& path);
  /// With one key.
  explicit Seal(const Key& key);

  std::string seal(std::string_view value, std::string_view place) const;
  /// Nothing when the text is malformed, was changed, belongs to another place, or needs a key that this object lacks.
  std::optional<Secret> open(std::string_view sealed, std::string_view place) const;

  /// The name of the key that opens the text; empty when the text is malformed.
  static std::string_view key_name(std::string_view sealed);
  bool has_key(std::string_view name) const { return find(name) != nullptr; }
  /// The name of the key that seals.
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
