#include "logplex/base/rng.hpp"

#include <sys/random.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "logplex/base/check.hpp"

namespace sluice {
namespace {

void fill_from_kernel(std::span<std::byte> out) {
  while (!out.empty()) {
    const ssize_t got = ::getrandom(out.data(), out.size(), 0);
    SLUICE_CHECK(got > 0 || errno == EINTR);
    if (got > 0) out = out.subspan(static_cast<std::size_t>(got));
  }
}

}  // namespace

void SystemRng::fill(std::span<std::byte> out) {
  while (!out.empty()) {
    if (used_ == pool_.size()) {
      fill_from_kernel(pool_);
      used_ = 0;
    }
    const std::size_t n = std::min(out.size(), pool_.size() - used_);
    std::memcpy(out.data(), pool_.data() + used_, n);
    std::memset(pool_.data() + used_, 0, n);
    used_ += n;
    out = out.subspan(n);
  }
}

}  // namespace sluice
