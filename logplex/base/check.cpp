#include "logplex/base/check.hpp"

#include <cstdio>
#include <cstdlib>

namespace sluice {

void check_failed(const char* expression, const char* file, int line) {
  std::fprintf(stderr, "level=critical msg=\"broken invariant\" check=\"%s\" at=%s:%d\n", expression, file, line);
  std::abort();
}

}  // namespace sluice
