#include "drains/facts/drain_facts.hpp"
#include "logplex/net/url.hpp"

namespace sluice::drains {
namespace {

constexpr DrainScheme kSchemes[] = {{"http", false, 80}, {"https", true, 443}};
constexpr std::string_view kFormats[] = {"logplex", "rfc5424", "ndjson"};

/// An anchor means nothing to a receiver; this one would seem to switch a check off.
result<std::vector<DrainHost>, Error> hosts(std::string_view url) {
  SLUICE_TRY(auto found, single_host(url));
  if (parse_url(url)->fragment == "insecure") return drain_url_not_supported(who_takes_insecure());
  return found;
}

}  // namespace

extern const DrainFacts http_facts;
constexpr DrainFacts http_facts{
    .name = "http", .schemes = kSchemes, .formats = kFormats, .can_sign = true, .secret_path = true, .hosts = &hosts};

}  // namespace sluice::drains
