#include "drains/facts/drain_facts.hpp"
#include "logplex/net/url.hpp"

namespace sluice::drains {
namespace {

constexpr DrainScheme kSchemes[] = {{"syslog", false, 601}, {"syslog+tls", true, 6514, true}};
constexpr std::string_view kFormats[] = {"logplex", "rfc5424"};

result<std::vector<DrainHost>, Error> hosts(std::string_view url) {
  SLUICE_TRY(auto found, single_host(url));
  const std::string fragment = parse_url(url)->fragment;
  if (fragment.empty()) return found;
  const DrainScheme& scheme = *find_drain_scheme(url);
  if (fragment == "insecure" && scheme.insecure) return found;
  if (fragment == "insecure") return drain_url_not_supported(who_takes_insecure());
  return drain_url_not_supported(scheme.insecure ? "the only fragment that a syslog+tls url may have is #insecure"
                                                 : "a syslog url has no fragment");
}

}  // namespace

const DrainFacts& syslog_facts() {
  static constexpr DrainFacts kFacts{
      .name = "syslog", .schemes = kSchemes, .formats = kFormats, .secret_path = true, .hosts = &hosts};
  return kFacts;
}

}  // namespace sluice::drains
