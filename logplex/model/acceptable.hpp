#pragma once

#include "logplex/base/result.hpp"
#include "logplex/model/entry.hpp"

namespace sluice {

// Bounds of single entries. ConfigLimits bounds how many there may be and how many bytes a channel may keep.
constexpr std::size_t kDomainsMax = 1000;
constexpr std::size_t kBackendsMax = 1000;
constexpr std::size_t kUrlMax = std::size_t{8} << 10;
constexpr std::size_t kFilterMax = std::size_t{4} << 10;
constexpr std::size_t kPemMax = std::size_t{256} << 10;
constexpr std::size_t kHeadersMax = 64;
constexpr std::size_t kHeaderMax = std::size_t{8} << 10;
constexpr std::size_t kSecretMax = std::size_t{8} << 10;
constexpr std::size_t kQueryMax = std::size_t{16} << 10;
constexpr std::size_t kKeyChannelsMax = 1000;
/// Redis scripts compute with ids in doubles, which are exact up to 2^53; some room is left for further ids.
constexpr std::uint64_t kDrainIdMax = (std::uint64_t{1} << 53) - 1024;
/// The latest end of a session or key (in the year 2260). Up to it, a difference of two times stays exact.
constexpr WallTime kLastEnd{std::chrono::microseconds(9'151'574'400'000'000)};

/// Checks whether an entry by itself is valid, whoever wrote it: a client, another node, an operator's file, or
/// somebody with access to the store. decide() and decode_entry() both check, so that a stored entry can hold nothing
/// that a client could not have asked for. Error kInvalid names the field, never its value.
result<void, Error> acceptable(const Entry& entry);

result<void, Error> acceptable(const Backend& backend);
result<void, Error> acceptable(const App& app);
result<void, Error> acceptable(const Channel& channel);
result<void, Error> acceptable(const Token& token);
result<void, Error> acceptable(const Drain& drain);
result<void, Error> acceptable(const Session& session);
result<void, Error> acceptable(const ApiKey& key);
result<void, Error> acceptable(const Credential& credential);

/// About how many bytes an entry takes in a store, keys and field names included. Any thread; cheap.
std::size_t stored_bytes(const Entry& entry);
std::size_t stored_bytes(const App& app);
std::size_t stored_bytes(const Token& token);
std::size_t stored_bytes(const Drain& drain);

}  // namespace sluice
