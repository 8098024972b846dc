#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>

#include "logplex/base/seal.hpp"
#include "logplex/model/entry.hpp"

namespace sluice {

/// Identifies a state of a stored entry: the first 64 bits of a SHA-1 over kind, key and value, as in the scripts.
std::uint64_t entry_digest(EntryKind kind, std::string_view key, std::string_view value);
/// The digest in the form that scripts take: 16 hexadecimal digits.
std::string digest_text(std::uint64_t digest);

/// A 48-bit checksum over a set of entries, in any order: tells whether node and server hold the same entries.
class EntrySum {
 public:
  explicit EntrySum(std::uint64_t value = 0) : value_(value & kMask) {}
  void add(std::uint64_t digest) { value_ = (value_ + (digest >> 16)) & kMask; }
  void remove(std::uint64_t digest) { value_ = (value_ - (digest >> 16)) & kMask; }
  EntrySum minus(EntrySum other) const { return EntrySum(value_ - other.value_); }
  EntrySum plus(EntrySum other) const { return EntrySum(value_ + other.value_); }
  std::uint64_t value() const { return value_; }
  friend bool operator==(EntrySum, EntrySum) = default;

 private:
  static constexpr std::uint64_t kMask = (std::uint64_t{1} << 48) - 1;
  std::uint64_t value_;
};

/// The entry as redis-scripts/common.lua takes it: key, value, needs, group, claims; without `was` and `limit`. Pass
/// with_key = false when the script assigns the key.
boost::json::object script_entry(const Entry& entry, const Seal* seal, bool with_key = true);
/// The group whose limit counts for this drain.
std::string drain_group(const Drain& drain);

}  // namespace sluice
