#pragma once

#include "logplex/base/seal.hpp"
#include "logplex/model/entry.hpp"

namespace sluice {

/// No entry that is acceptable() comes near it, also with every byte escaped and sealed. More is not even parsed.
constexpr std::size_t kLargestEntry = std::size_t{4} << 20;

/// As encode_entry() and decode_entry() without a seal, with the secrets in envelopes {"v": 1, "text": ...}: sealed,
/// and bound to this entry and field. Null seals nothing, and opens nothing that is sealed; what is plain is always
/// read.
std::string encode_entry(const Entry& entry, const Seal* seal);
result<Entry, Error> decode_entry(EntryKind kind, std::string_view key, std::string_view json, const Seal* seal);

}  // namespace sluice
