#pragma once

#include <stdexcept>
#include <string>
#include <utility>

#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

namespace sluice {

using error_code = boost::system::error_code;

/// A failure that a person will read: which error, and a sentence that names the thing at fault.
/// The sentence never holds a secret or a customer's line.
struct Error {
  error_code code;
  std::string message;

  /// The sentence; the code's own text when there is none.
  std::string text() const { return message.empty() ? code.message() : message; }
};

/// Value or error. E is error_code on hot and internal paths, Error where a person reads it.
template <class T, class E = error_code>
using result = boost::system::result<T, E>;

/// For boost::system::result<T, Error>::value() in tests and start-up code.
[[noreturn]] inline void throw_exception_from_error(const Error& error, const boost::source_location&) {
  throw std::runtime_error(error.text());
}

}  // namespace sluice

#define SLUICE_CONCAT_(a, b) a##b
#define SLUICE_CONCAT(a, b) SLUICE_CONCAT_(a, b)

/// SLUICE_TRY(auto x, f()): binds x to the value of f(), or returns its error from the calling function.
#define SLUICE_TRY(declaration, expression) \
  SLUICE_TRY_(SLUICE_CONCAT(tried_, __LINE__), return, declaration, expression)
/// The same in a coroutine. The expression may be a co_await that stands alone.
#define SLUICE_CO_TRY(declaration, expression) \
  SLUICE_TRY_(SLUICE_CONCAT(tried_, __LINE__), co_return, declaration, expression)
#define SLUICE_TRY_(tried, give_back, declaration, expression) \
  auto tried = expression;                                     \
  if (tried.has_error()) give_back std::move(tried).error();   \
  declaration = std::move(tried).value()

/// For result<void>: passes an error up, goes on otherwise.
#define SLUICE_TRY_VOID(expression) SLUICE_TRY_VOID_(SLUICE_CONCAT(tried_, __LINE__), return, expression)
#define SLUICE_CO_TRY_VOID(expression) SLUICE_TRY_VOID_(SLUICE_CONCAT(tried_, __LINE__), co_return, expression)
#define SLUICE_TRY_VOID_(tried, give_back, expression) \
  if (auto tried = expression; tried.has_error()) give_back std::move(tried).error()
