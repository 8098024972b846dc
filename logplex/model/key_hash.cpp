#include "logplex/model/key_hash.hpp"

#include <xxhash.h>

#include "logplex/base/rng.hpp"

namespace sluice {
namespace {

std::uint64_t process_seed() {
  static const std::uint64_t kSeed = [] {
    SystemRng rng;
    return rng.next();
  }();
  return kSeed;
}

}  // namespace

std::uint64_t hash_of(std::string_view text) { return XXH3_64bits_withSeed(text.data(), text.size(), process_seed()); }

std::uint64_t hash_of(const Uuid& id) { return XXH3_64bits_withSeed(&id, sizeof id, process_seed()); }

std::uint64_t hash_of(std::uint64_t number) { return XXH3_64bits_withSeed(&number, sizeof number, process_seed()); }

}  // namespace sluice
