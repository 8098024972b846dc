#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "logplex/base/files.hpp"
#include "logplex/base/secret.hpp"

namespace sluice::cli {

/// The file in which `sluice login` stores a key for each address, and the address used last. A key is only ever sent
/// to the address for which it was given.
class KeyFile {
 public:
  /// $XDG_CONFIG_HOME/sluice/keys.json, or ~/.config/sluice/keys.json. Error: neither variable is set.
  static result<std::string, Error> path(const std::function<std::string(const char*)>& environment);

  /// An empty KeyFile if the file does not exist. The error names the file.
  static result<KeyFile, Error> read(Files& files, const std::string& path);
  /// Writes the file with mode 0600 and gives its directory mode 0700.
  result<void, Error> write(Files& files, const std::string& path) const;

  void remember(const std::string& url, const Secret& key);
  const std::string& last_url() const { return last_url_; }
  /// Empty if there is no key for the address.
  Secret key_for(const std::string& url) const;

 private:
  std::string last_url_;
  std::map<std::string, Secret> keys_;
};

}  // namespace sluice::cli
