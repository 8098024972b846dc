#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "logplex/api/frame/answer.hpp"

namespace sluice::api {

/// The decoded query parameters of a request, with readers for the forms that the API knows. A view of the request,
/// which must outlive it.
class QueryParameters {
 public:
  using List = std::vector<std::pair<std::string, std::string>>;

  explicit QueryParameters(const List& list) : list_(list) {}

  /// The first parameter of this name, or null.
  const std::string* find(std::string_view name) const;
  /// True for "1" and "true"; false for "0", "false" and when absent. Anything else is an error.
  checked<bool> flag(std::string_view name) const;
  /// `fallback` when absent; otherwise the number must be 1 to `max`.
  checked<std::uint64_t> number(std::string_view name, std::uint64_t fallback, std::uint64_t max) const;

 private:
  const List& list_;
};

}  // namespace sluice::api
