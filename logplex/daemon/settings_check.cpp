#include "logplex/daemon/settings_check.hpp"

#include <fmt/format.h>

#include "logplex/net/address_guard.hpp"
#include "logplex/net/address_text.hpp"
#include "logplex/net/listener.hpp"
#include "logplex/store/redis_url.hpp"

namespace sluice {
namespace {

Error bad(std::string message) { return {make_error_code(boost::system::errc::invalid_argument), std::move(message)}; }

result<void, Error> check_addresses(const ListenerSetting& listener) {
  std::string_view rest = listener.addresses;
  while (!rest.empty()) {
    const auto comma = std::min(rest.find(','), rest.size());
    const auto address = rest.substr(0, comma);
    rest.remove_prefix(std::min(comma + 1, rest.size()));
    if (address.find_first_not_of(' ') == std::string_view::npos) continue;
    if (auto parsed = parse_host_port(address); !parsed)
      return bad(fmt::format("setting {} = '{}': {}", listener.name, address, parsed.error().text()));
  }
  return {};
}

/// Settings of the contract whose feature is not built yet: better an error than a listener that is not there.
result<void, Error> check_not_built(const Settings& settings) {
  if (!settings.router.https.empty()) return bad("setting router.https: TLS to clients is not in this version");
  if (!settings.ingress.syslog_tls.empty()) return bad("setting ingress.syslog_tls: TLS input is not in this version");
  if (settings.router.proxy_protocol != "off")
    return bad("setting router.proxy_protocol: only 'off' is in this version");
  if (settings.ingress.ack != "memory") return bad("setting ingress.ack: only 'memory' is in this version");
  return {};
}

}  // namespace

std::vector<ListenerSetting> listener_settings(const Settings& settings) {
  std::vector<ListenerSetting> all;
  if (settings.process.has_role("router"))
    all.push_back({"router.http", settings.router.http, settings.router.max_connections});
  if (settings.process.has_role("logplex")) {
    all.push_back({"ingress.http", settings.ingress.http, settings.ingress.max_connections});
    all.push_back({"ingress.syslog", settings.ingress.syslog, settings.ingress.max_connections});
  }
  all.push_back({"api.listen", settings.api.listen, settings.api.max_connections});
  all.push_back({"admin.listen", settings.admin.listen, settings.admin.max_connections});
  return all;
}

result<void, Error> check_settings(const Settings& settings) {
  for (const ListenerSetting& listener : listener_settings(settings)) SLUICE_TRY_VOID(check_addresses(listener));
  if (auto guard = AddressGuard::parse(settings.drains.allow_cidrs); !guard)
    return bad("setting drains.allow_cidrs: " + guard.error().text());
  if (const auto url = check_store_url(settings.store.url); url.has_error())
    return bad("setting store.url: " + url.error().text());
  return check_not_built(settings);
}

}  // namespace sluice
