#include "drains/facts/drain_facts.hpp"
#include "logplex/net/url.hpp"

namespace sluice::drains {
namespace {

constexpr DrainScheme kSchemes[] = {{"http", false, 80}, {"https", true, 443}};
constexpr std::string_view kFormats[] = {"logplex", "rfc5424", "ndjson"};

/// A fragment is never sent to a receiver, so others are ignored. But #insecure would look as if it switched the
/// certificate check off, so it is an error.
result<std::vector<DrainHost>, Error> hosts(std::string_view url) {
  SLUICE_TRY(auto found, single_host(url));
  if (parse_url(url)->fragment == "insecure") return drain_url_not_supported(who_takes_insecure());
  return found;
}

}  // namespace

const DrainFacts& http_facts() {
  static constexpr DrainFacts kFacts{
      .name = "http", .schemes = kSchemes, .formats = kFormats, .can_sign = true, .secret_path = true, .hosts = &hosts};
  return kFacts;
}

}  // namespace sluice::drains
