#include "logplex/daemon/settings_check.hpp"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "logplex/base/seal.hpp"
#include "logplex/base/secret_file.hpp"
#include "logplex/ingress/ingress_part.hpp"
#include "logplex/net/address_text.hpp"
#include "logplex/net/dial/address_guard.hpp"
#include "logplex/net/tls/tls_context.hpp"
#include "logplex/store/redis/redis_url.hpp"

namespace sluice::daemon {
namespace {

/// Collects mistakes; each names its setting and the source of its value.
class Check {
 public:
  explicit Check(SettingsReading& reading) : reading_(reading) {}

  void run() {
    take_secrets();
    check_listeners();
    check_networks();
    check_files();
    check_key();
    check_not_built();
  }

 private:
  void mistake(std::string_view name, const std::string& why) {
    reading_.mistakes.push_back(fmt::format("setting {}{}: {}", name, reading_.origin_of(name), why));
  }
  Settings& settings() { return reading_.settings; }

  void take_secrets();
  void take_secret(std::string_view file_setting, const std::string& file, std::string_view setting, Secret& to);
  void check_listeners();
  void check_networks();
  void check_files();
  std::optional<std::string> read(std::string_view name, const std::string& path);
  void check_own_certificate();
  void check_authorities(std::string_view name, const std::string& path);
  void check_key();
  void check_not_built();
  void not_built(std::string_view name, bool asked_for, const char* why) {
    if (asked_for) mistake(name, why);
  }

  SettingsReading& reading_;
};

void Check::take_secret(std::string_view file_setting, const std::string& file, std::string_view setting, Secret& to) {
  if (file.empty()) return;
  if (!reading_.origin_of(setting).empty() && !to.empty())
    return mistake(file_setting,
                   fmt::format("{} is also set{}: keep only one of them", setting, reading_.origin_of(setting)));
  auto secret = read_secret_file(file);
  if (!secret) return mistake(file_setting, secret.error().text());
  to = std::move(*secret);
}

void Check::take_secrets() {
  take_secret("api.key_file", settings().api.key_file, "api.key", settings().api.key);
  take_secret("store.url_file", settings().store.url_file, "store.url", settings().store.url);
  if (const auto url = check_store_url(settings().store.url); url.has_error())
    mistake(settings().store.url_file.empty() ? "store.url" : "store.url_file", url.error().text());
}

/// A listening address, reduced to what decides whether it collides with another one.
struct Bound {
  std::string setting;
  std::string text;
  std::string host;  // "" = any address
  std::uint16_t port = 0;
};

bool is_v6(const std::string& host) { return host.find(':') != std::string::npos; }
bool is_any(const std::string& host) { return host.empty() || host == "0.0.0.0" || host == "::"; }

bool collide(const Bound& a, const Bound& b) {
  if (a.port != b.port || a.port == 0) return false;
  if (a.host == b.host || a.host.empty() || b.host.empty()) return true;
  return is_v6(a.host) == is_v6(b.host) && (is_any(a.host) || is_any(b.host));
}

void Check::check_listeners() {
  std::vector<Bound> all;
  for (const ListenerSetting& listener : listener_settings(settings())) {
    for (const std::string& address : split_addresses(listener.addresses)) {
      const auto parsed = parse_host_port(address);
      if (!parsed) {
        mistake(listener.name, fmt::format("'{}' {}", address, parsed.error().text()));
        continue;
      }
      Bound bound{listener.name, address, parsed->host, parsed->port};
      const auto other = std::find_if(all.begin(), all.end(), [&](const Bound& b) { return collide(b, bound); });
      if (other != all.end())
        mistake(listener.name, fmt::format("'{}' is the same port as '{}' of {}{}", address, other->text,
                                           other->setting, reading_.origin_of(other->setting)));
      all.push_back(std::move(bound));
    }
  }
}

bool is_server_address(const std::string& text) {
  error_code failed;
  asio::ip::make_address(text, failed);
  if (!failed) return true;
  const auto parsed = parse_host_port(text);
  if (!parsed || parsed->port == 0) return false;
  asio::ip::make_address(parsed->host, failed);
  return !failed;
}

void Check::check_networks() {
  const std::pair<std::string_view, const std::vector<std::string>*> lists[] = {
      {"drains.allow_cidrs", &settings().drains.allow_cidrs},
      {"router.deny_cidrs", &settings().router.deny_cidrs},
      {"router.allow_cidrs", &settings().router.allow_cidrs},
      {"router.trusted_proxies", &settings().router.trusted_proxies}};
  for (const auto& [name, list] : lists)
    if (const auto guard = AddressGuard::parse(*list); !guard) mistake(name, guard.error().text());
  for (const std::string& server : settings().process.dns_servers)
    if (!is_server_address(server))
      mistake("process.dns_servers", fmt::format("'{}' is not an IP address or address:port", server));
}

/// The file's text; an empty text when the setting is empty; none when the file cannot be read.
std::optional<std::string> Check::read(std::string_view name, const std::string& path) {
  if (path.empty()) return std::string();
  SystemFiles files;
  auto text = files.read(path);
  if (text) return std::move(*text);
  mistake(name, text.error().text());
  return std::nullopt;
}

void Check::check_authorities(std::string_view name, const std::string& path) {
  if (path.empty() || !read(name, path)) return;
  TlsClientOptions options;
  options.ca_file = path;
  if (const auto context = TlsContext::make(options); !context) mistake(name, context.error().text());
}

void Check::check_files() {
  check_authorities("drains.ca_file", settings().drains.ca_file);
  check_authorities("store.ca_file", settings().store.ca_file);
  check_own_certificate();
  if (const std::string& file = settings().store.secret_key_file; !file.empty())
    if (const auto seal = Seal::read_file(file); seal.has_error())
      mistake("store.secret_key_file", seal.error().text());
}

/// The client certificate for Redis, and its key.
void Check::check_own_certificate() {
  const auto chain = read("store.client_cert", settings().store.client_cert);
  auto key = read("store.client_key", settings().store.client_key);
  if (!chain || !key) return;
  TlsClientOptions options;
  options.client_chain = *chain;
  options.client_key = Secret(std::move(*key));
  if (const auto context = TlsContext::make(options); !context) mistake("store.client_cert", context.error().text());
}

void Check::check_key() {
  const std::size_t size = settings().api.key.reveal().size();
  if (size == 0 || size >= kShortestPublicKey || !api_is_public(settings())) return;
  mistake(
      settings().api.key_file.empty() ? "api.key" : "api.key_file",
      fmt::format("the key has {} characters, and api.listen can be reached from other machines: make it {} or longer, "
                  "or listen on 127.0.0.1",
                  size, kShortestPublicKey));
}

/// Settings that exist but whose feature is not built yet: an error is better than a listener that is not there.
void Check::check_not_built() {
  const Settings& s = settings();
  not_built("router.https", !s.router.https.empty(), "TLS to clients is not in this version");
  not_built("ingress.syslog_tls", !s.ingress.syslog_tls.empty(), "TLS input is not in this version");
  not_built("router.proxy_protocol", s.router.proxy_protocol != "off", "only 'off' is in this version");
  not_built("ingress.ack", s.ingress.ack != "memory", "only 'memory' is in this version");
  not_built("fabric.disk_budget", s.fabric.disk_budget != "auto",
            "only 'auto' is in this version, which writes no journal");
}

bool is_loopback(const std::string& host) {
  if (host == "localhost") return true;
  error_code failed;
  const auto address = asio::ip::make_address(host, failed);
  return !failed && address.is_loopback();
}

}  // namespace

std::vector<ListenerSetting> listener_settings(const Settings& settings) {
  std::vector<ListenerSetting> all;
  if (settings.process.has_role("router"))
    all.push_back({"router.http", settings.router.http, settings.router.max_connections});
  if (settings.process.has_role("logplex")) {
    for (const ingress::IngressKind& kind : ingress::ingress_kinds())
      all.push_back({std::string(kind.setting), settings.ingress.*kind.addresses, settings.ingress.max_connections});
  }
  all.push_back({"api.listen", settings.api.listen, settings.api.max_connections});
  all.push_back({"admin.listen", settings.admin.listen, settings.admin.max_connections});
  return all;
}

bool api_is_public(const Settings& settings) {
  for (const std::string& address : split_addresses(settings.api.listen)) {
    const auto parsed = parse_host_port(address);
    if (parsed && !is_loopback(parsed->host)) return true;
  }
  return false;
}

SettingsReading read_and_check_settings(const SettingsSources& sources, Files& files) {
  SettingsReading reading = read_settings(sources, files);
  Check(reading).run();
  return reading;
}

}  // namespace sluice::daemon
