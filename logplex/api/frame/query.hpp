#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "logplex/api/frame/answer.hpp"

namespace sluice::api {

/// The decoded query parameters of a request, with the forms that the API knows. Views a request that outlives it.
class QueryParameters {
 public:
  using List = std::vector<std::pair<std::string, std::string>>;

  explicit QueryParameters(const List& list) : list_(list) {}

  /// The first parameter of this name, or null.
  const std::string* find(std::string_view name) const;
  /// On for "1" and "true", off for "0", "false" and when absent.
  checked<bool> flag(std::string_view name) const;
  /// `fallback` when absent; otherwise 1 to `max`.
  checked<std::uint64_t> number(std::string_view name, std::uint64_t fallback, std::uint64_t max) const;

 private:
  const List& list_;
};

}  // namespace sluice::api
