#pragma once

#include "logplex/base/seal.hpp"
#include "logplex/model/entry.hpp"

namespace sluice {

/// No acceptable() entry is nearly as large, even with every byte escaped and sealed. Larger ones are not even parsed.
constexpr std::size_t kLargestEntry = std::size_t{4} << 20;

/// As encode_entry() and decode_entry() without a seal, but secrets are sealed in envelopes {"v": 1, "text": ...},
/// bound to this entry and field. A null seal writes plain secrets and cannot read sealed ones. Plain secrets can
/// always be read.
std::string encode_entry(const Entry& entry, const Seal* seal);
result<Entry, Error> decode_entry(EntryKind kind, std::string_view key, std::string_view json, const Seal* seal);

}  // namespace sluice
