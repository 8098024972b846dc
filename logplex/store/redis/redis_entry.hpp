#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>

#include "logplex/base/seal.hpp"
#include "logplex/model/entry.hpp"

namespace sluice {

/// What tells one state of a stored entry from another: the first 64 bits of a SHA-1 over kind, key and value. Scripts
/// compute the same.
std::uint64_t entry_digest(EntryKind kind, std::string_view key, std::string_view value);
/// As scripts take it: 16 hexadecimal digits.
std::string digest_text(std::uint64_t digest);

/// The sum over all entries by which two sides find out whether they hold the same: 48 bits, in no order.
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

/// The entry as redis-scripts/common.lua takes it: key, value, needs, group, claims. Without `was` and `limit`, and
/// without key when `with_key` is false, because the script gives it.
boost::json::object script_entry(const Entry& entry, const Seal* seal, bool with_key = true);
/// The group of a drain, which says what limits it.
std::string drain_group(const Drain& drain);

}  // namespace sluice
