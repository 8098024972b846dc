#pragma once

#include <cstdint>
#include <string_view>

#include "logplex/base/uuid.hpp"

namespace sluice {

// Hashes for BucketMap, all 64 bits used. Seeded once per process at random: tenants choose names, and must not be able
// to choose many that fall into one bucket.

std::uint64_t hash_of(std::string_view text);
std::uint64_t hash_of(const Uuid& id);
std::uint64_t hash_of(std::uint64_t number);

}  // namespace sluice
