#include "logplex/daemon/node_files.hpp"

#include "logplex/base/uuid.hpp"

namespace sluice {
namespace {

constexpr unsigned kOwnerOnly = 0600;

std::string without_newline(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return text;
}

}  // namespace

result<Secret, Error> load_api_key(const Secret& configured, const std::string& data_dir, Files& files, Rng& rng) {
  const std::string path = data_dir + "/api-key";
  if (configured.empty() && files.exists(path)) {
    SLUICE_TRY(std::string text, files.read(path));
    text = without_newline(std::move(text));
    if (text.empty())
      return Error{make_error_code(boost::system::errc::invalid_argument),
                   path + " is empty: remove it to get a new key, or set api.key"};
    return Secret(std::move(text));
  }
  const Secret key =
      configured.empty() ? Secret(Uuid::random(rng).str() + Uuid::random(rng).str().substr(0, 8)) : configured;
  SLUICE_TRY_VOID(files.replace(path, key.reveal() + "\n", kOwnerOnly));
  return key;
}

}  // namespace sluice
