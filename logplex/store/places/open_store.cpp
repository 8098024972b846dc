#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "logplex/model/config_error.hpp"
#include "logplex/store/redis/redis_store.hpp"
#include "logplex/store/sqlite/embedded_store.hpp"

namespace sluice {
namespace {

Error wrong(const char* setting, const std::string& why) {
  return {ConfigError::kInvalid, std::string(setting) + ": " + why};
}

result<std::string, Error> read_pem(const char* setting, const std::string& path) {
  if (path.empty()) return std::string();
  std::ifstream in(path, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (!in || text.empty()) return wrong(setting, "cannot read " + path);
  return text;
}

result<RedisTarget, Error> redis_target(const StoreSettings& settings) {
  auto url = parse_redis_url(settings.url.reveal());
  if (url.has_error()) return wrong("store.url", url.error().message);
  RedisTarget target{std::move(*url), nullptr};
  if (!target.url.tls) return target;
  TlsClientOptions options;
  options.ca_file = settings.ca_file;
  SLUICE_TRY(options.client_chain, read_pem("store.client_cert", settings.client_cert));
  SLUICE_TRY(auto key, read_pem("store.client_key", settings.client_key));
  options.client_key = Secret(std::move(key));
  SLUICE_TRY(target.tls, TlsContext::make(options));
  return target;
}

/// Host and data directory: two nodes on one machine have different data directories.
std::string name_of_node(const std::string& data_dir) {
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) host[0] = '?';
  std::error_code unknown;
  const auto path = std::filesystem::absolute(data_dir, unknown).lexically_normal();
  return std::string(host.data()) + ":" + (unknown ? data_dir : path.string());
}

}  // namespace

result<std::unique_ptr<Store>, Error> open_store(const StoreSettings& settings, const std::string& data_dir,
                                                 const ConfigLimits& limits, Clock& clock,
                                                 const std::vector<std::string>& dns_servers) {
  const std::string& url = settings.url.reveal();
  if (const auto checked = check_store_url(settings.url); checked.has_error())
    return wrong("store.url", checked.error().message);
  RedisTarget target;
  if (url != "embedded:") {
    SLUICE_TRY(target, redis_target(settings));
  }
  std::shared_ptr<const Seal> seal;
  if (!settings.secret_key_file.empty()) {
    auto read = Seal::read_file(settings.secret_key_file);
    if (read.has_error()) return wrong("store.secret_key_file", read.error().text());
    seal = std::make_shared<Seal>(std::move(*read));
  }
  SLUICE_TRY(auto core, StoreCore::open(data_dir + "/config.db", limits, std::move(seal)));
  if (url == "embedded:") return std::unique_ptr<Store>(std::make_unique<EmbeddedStore>(std::move(core), clock));
  return std::unique_ptr<Store>(std::make_unique<RedisStore>(name_of_node(data_dir), std::move(target), std::move(core),
                                                             settings, limits, clock, dns_servers));
}

}  // namespace sluice
