#include "logplex/model/decide/domain_rules.hpp"

#include <libpsl.h>

#include "logplex/model/config_error.hpp"
#include "logplex/model/names.hpp"

namespace sluice {
namespace {

constexpr std::size_t kPage = 64;

/// "shop.example.com" of "*.shop.example.com"; empty when it is no wildcard.
std::string_view wildcard_suffix(std::string_view domain) {
  return domain.starts_with("*.") ? domain.substr(2) : std::string_view();
}

}  // namespace

bool is_public_suffix(const std::string& domain) {
  static const psl_ctx_t* const kList = psl_builtin() != nullptr ? psl_builtin() : psl_latest(nullptr);
  return kList != nullptr && psl_is_public_suffix(kList, domain.c_str()) == 1;
}

result<std::string, Error> DomainRules::acceptable(const std::string& domain) const {
  SLUICE_TRY(auto normal, normal_domain(domain));
  const auto* owner = config.owner_of_domain(normal);
  if (taken_by_other(owner)) return conflict("domain " + normal + " belongs to another app");
  if (owner != nullptr) return normal;
  const auto suffix = wildcard_suffix(normal);
  if (!suffix.empty() && suffix.find('.') == std::string_view::npos)
    return invalid("domain " + normal + " covers too many names: at least two labels must follow \"*.\"");
  if (rights == DomainRights::kAny) return normal;
  if (below_wildcard_of_other(normal))
    return forbidden("domain " + normal + " lies below a wildcard of another app; this key may not take it");
  if (suffix.empty()) return normal;
  if (is_public_suffix(std::string(suffix)))
    return forbidden("domain " + normal + " covers a public suffix, which many sites share; this key may not take it");
  if (above_domain_of_other(suffix))
    return forbidden("domain " + normal + " covers a domain of another app; this key may not take it");
  return normal;
}

bool DomainRules::below_wildcard_of_other(std::string_view domain) const {
  if (const auto suffix = wildcard_suffix(domain); !suffix.empty()) domain = suffix;
  for (auto dot = domain.find('.'); dot != std::string_view::npos; dot = domain.find('.')) {
    domain.remove_prefix(dot + 1);
    if (taken_by_other(config.owner_of_domain("*." + std::string(domain)))) return true;
  }
  return false;
}

/// Skips the app's own hosts below it; an app has at most kDomainsMax.
bool DomainRules::above_domain_of_other(std::string_view suffix) const {
  std::string after;
  for (;;) {
    const auto hosts = config.hosts_below(suffix, after, kPage);
    for (const auto* host : hosts)
      if (taken_by_other(host->app.get())) return true;
    if (hosts.size() < kPage) return false;
    after = hosts.back()->backwards;
  }
}

}  // namespace sluice
