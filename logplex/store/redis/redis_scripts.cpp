#include "logplex/store/redis/redis_scripts.hpp"

#include <algorithm>

#include "logplex/base/check.hpp"
#include "logplex/net/http/content_hash.hpp"

namespace sluice {

const std::vector<RedisScript>& redis_scripts() {
  static const std::vector<RedisScript> kScripts = [] {
    std::vector<RedisScript> out;
    for (const auto& script : script_texts()) {
      std::string text = std::string(kCommonScript) + "\n" + script.text;
      auto digest = sha1_hex(text);
      out.push_back({script.name, std::move(text), std::move(digest)});
    }
    return out;
  }();
  return kScripts;
}

const RedisScript& redis_script(std::string_view name) {
  const auto& all = redis_scripts();
  const auto found = std::find_if(all.begin(), all.end(), [name](const RedisScript& one) { return one.name == name; });
  SLUICE_CHECK(found != all.end());
  return *found;
}

const std::vector<std::string>& redis_keys() {
  static const std::vector<std::string> kKeys = [] {
    std::vector<std::string> out;
    for (const auto* name : {"meta", "changes", "claims", "marks", "members", "app", "channel", "token", "drain",
                             "session", "key", "credential", "nodes", "groups", "made"})
      out.push_back(std::string("{sluice}:") + name);
    return out;
  }();
  return kKeys;
}

}  // namespace sluice
