#include "logplex/daemon/node_files.hpp"

#include "logplex/base/secret_file.hpp"
#include "logplex/base/uuid.hpp"

namespace sluice::daemon {
namespace {

constexpr unsigned kOwnerOnly = 0600;

}  // namespace

result<Secret, Error> load_api_key(const Secret& configured, const std::string& data_dir, Files& files, Rng& rng) {
  const std::string path = data_dir + "/api-key";
  if (configured.empty() && files.exists(path)) {
    auto kept = read_secret_file(path);
    if (kept) return kept;
    return Error{kept.error().code, kept.error().text() + "; or remove it to get a new key, or set api.key_file"};
  }
  const Secret key =
      configured.empty() ? Secret(Uuid::random(rng).str() + Uuid::random(rng).str().substr(0, 8)) : configured;
  SLUICE_TRY_VOID(files.replace(path, key.reveal() + "\n", kOwnerOnly));
  return key;
}

}  // namespace sluice::daemon
