#include "logplex/model/access.hpp"

#include <algorithm>

namespace sluice {
namespace {

constexpr Scope kScopes[] = {Scope::kLogsRead, Scope::kLogsWrite, Scope::kDrainsRead, Scope::kDrainsWrite,
                             Scope::kAppsRead, Scope::kAppsWrite, Scope::kAdmin};

}  // namespace

std::string_view name_of(Scope scope) {
  switch (scope) {
    case Scope::kLogsRead:
      return "logs:read";
    case Scope::kLogsWrite:
      return "logs:write";
    case Scope::kDrainsRead:
      return "drains:read";
    case Scope::kDrainsWrite:
      return "drains:write";
    case Scope::kAppsWrite:
      return "apps:write";
    case Scope::kAdmin:
      return "admin";
    case Scope::kAppsRead:
      return "apps:read";
  }
  return "";
}

std::optional<Scope> parse_scope(std::string_view text) {
  for (const auto scope : kScopes)
    if (name_of(scope) == text) return scope;
  return std::nullopt;
}

bool Scopes::cover(Scopes other) const {
  return std::ranges::all_of(kScopes, [this, other](Scope scope) {
    return (other.bits & static_cast<std::uint8_t>(scope)) == 0 || has(scope);
  });
}

std::vector<std::string_view> Scopes::names() const {
  std::vector<std::string_view> out;
  for (const auto scope : kScopes)
    if ((bits & static_cast<std::uint8_t>(scope)) != 0) out.push_back(name_of(scope));
  return out;
}

}  // namespace sluice
