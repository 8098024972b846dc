#include "logplex/cli/key_file.hpp"

#include <sys/stat.h>

#include <filesystem>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "logplex/cli/view/cli_error.hpp"
#include "logplex/cli/view/json_text.hpp"

namespace sluice::cli {

namespace json = boost::json;

result<std::string, Error> KeyFile::path(const std::function<std::string(const char*)>& environment) {
  const std::string config = environment("XDG_CONFIG_HOME");
  if (!config.empty() && config.front() == '/') return config + "/sluice/keys.json";
  const std::string home = environment("HOME");
  if (home.empty()) return failure("neither XDG_CONFIG_HOME nor HOME is set, so there is no place for the key");
  return home + "/.config/sluice/keys.json";
}

result<KeyFile, Error> KeyFile::read(Files& files, const std::string& path) {
  KeyFile file;
  if (!files.exists(path)) return file;
  SLUICE_TRY(const auto text, files.read(path));
  const auto value = read_json(text);
  const auto* keys = value.has_value() ? member(*value, "keys") : nullptr;
  if (keys == nullptr || !keys->is_object())
    return failure(path + " is damaged; remove it and run 'sluice login' again");
  file.last_url_ = text_at(*value, "url");
  for (const auto& key : keys->get_object()) file.keys_[key.key()] = Secret(value_text(key.value()));
  return file;
}

result<void, Error> KeyFile::write(Files& files, const std::string& path) const {
  json::object keys;
  for (const auto& [url, key] : keys_) keys[url] = key.reveal();
  const std::string directory = std::filesystem::path(path).parent_path();
  SLUICE_TRY_VOID(files.make_directory(directory));
  ::chmod(directory.c_str(), 0700);
  return files.replace(path, json::serialize(json::object{{"url", last_url_}, {"keys", std::move(keys)}}) + "\n", 0600);
}

void KeyFile::remember(const std::string& url, const Secret& key) {
  last_url_ = url;
  keys_[url] = key;
}

Secret KeyFile::key_for(const std::string& url) const {
  const auto found = keys_.find(url);
  return found == keys_.end() ? Secret() : found->second;
}

}  // namespace sluice::cli
