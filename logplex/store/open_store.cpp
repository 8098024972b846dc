#include "logplex/model/config_error.hpp"
#include "logplex/store/embedded_store.hpp"

namespace sluice {
namespace {

/// Up to and with the "://" or ":"; what follows may hold a password.
std::string_view scheme_of(std::string_view url) {
  const auto colon = url.find(':');
  return colon == std::string_view::npos ? std::string_view() : url.substr(0, colon);
}

}  // namespace

result<std::unique_ptr<Store>, Error> open_store(const StoreSettings& settings, const std::string& data_dir,
                                                 const ConfigLimits& limits, Clock& clock) {
  const std::string& url = settings.url.reveal();
  const auto scheme = scheme_of(url);
  if (scheme == "redis" || scheme == "rediss" || scheme == "redis+sentinel")
    return Error{ConfigError::kInvalid, "store.url: the Redis store is not in this build; use embedded:"};
  if (url != "embedded:") return Error{ConfigError::kInvalid, "store.url: must be embedded:"};
  SLUICE_TRY(auto core, StoreCore::open(data_dir + "/config.db", limits));
  return std::unique_ptr<Store>(std::make_unique<EmbeddedStore>(std::move(core), clock));
}

}  // namespace sluice
