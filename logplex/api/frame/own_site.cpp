#include "logplex/api/frame/own_site.hpp"

namespace sluice::api {
namespace {

/// "host:port" of a url or an origin, without the scheme's default port.
std::string_view authority_of(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme == std::string_view::npos) return {};
  const auto usual = url.substr(0, scheme) == "https" ? std::string_view(":443") : std::string_view(":80");
  auto rest = url.substr(scheme + 3);
  rest = rest.substr(0, rest.find('/'));
  if (rest.ends_with(usual)) rest.remove_suffix(usual.size());
  return rest;
}

bool same_authority(std::string_view origin, std::string_view host) {
  if (origin.empty()) return false;
  if (equal_ignoring_case(origin, host)) return true;
  // Host may contain the default port, which browsers leave out of Origin.
  for (const std::string_view port : {std::string_view(":80"), std::string_view(":443")})
    if (host.ends_with(port) && equal_ignoring_case(origin, host.substr(0, host.size() - port.size()))) return true;
  return false;
}

}  // namespace

bool is_own_site(const HttpRequest& request, std::string_view public_url) {
  const auto* site = request.header("Sec-Fetch-Site");
  if (site != nullptr && *site != "same-origin" && *site != "none") return false;
  const auto* origin = request.header("Origin");
  if (origin == nullptr) return true;
  const auto from = authority_of(*origin);
  const auto* host = request.header("Host");
  return (host != nullptr && same_authority(from, *host)) || same_authority(from, authority_of(public_url));
}

}  // namespace sluice::api
