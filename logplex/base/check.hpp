#pragma once

namespace sluice {

/// Prints what broke and where, then aborts.
[[noreturn]] void check_failed(const char* expression, const char* file, int line);

}  // namespace sluice

/// Aborts when an invariant of our own code is broken. Not for bytes from the network or a file: bad ones are error
/// values.
#define SLUICE_CHECK(expression) \
  (static_cast<bool>(expression) ? void() : ::sluice::check_failed(#expression, __FILE__, __LINE__))

#ifdef NDEBUG
#define SLUICE_DCHECK(expression) static_cast<void>(sizeof(static_cast<bool>(expression)))
#else
#define SLUICE_DCHECK(expression) SLUICE_CHECK(expression)
#endif
