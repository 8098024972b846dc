#pragma once

#include <string>
#include <string_view>

#include "logplex/model/change.hpp"
#include "logplex/model/snapshot.hpp"

namespace sluice {

/// Which domains an app may take. Pure; lives while decide() runs. Domains that the app already has are always
/// acceptable, so that a new rule takes nothing away.
struct DomainRules {
  const ConfigSnapshot& config;
  const std::string& app;
  DomainRights rights;

  /// The stored form of a domain. Errors: kInvalid, it is no domain, or a wildcard above fewer than two labels;
  /// kConflict, another app has it; kForbidden, these rights do not suffice.
  result<std::string, Error> acceptable(const std::string& domain) const;

 private:
  bool taken_by_other(const AppEntry* owner) const { return owner != nullptr && owner->app.name != app; }
  bool below_wildcard_of_other(std::string_view domain) const;
  bool above_domain_of_other(std::string_view suffix) const;
};

/// True when many parties have domains directly below this one, as below "co.uk" or "github.io" (the Public Suffix
/// List that libpsl comes with).
bool is_public_suffix(const std::string& domain);

}  // namespace sluice
