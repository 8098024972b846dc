// Reads the configuration that Logplex keeps in Redis: `ch:*:data`, `tok:*:data`, `drain:*:data`, `cred:*`.
#include <optional>
#include <set>

#include "logplex/base/uuid.hpp"
#include "logplex/model/config_error.hpp"
#include "logplex/model/names.hpp"
#include "logplex/net/http/content_hash.hpp"
#include "logplex/net/secret_hash.hpp"
#include "logplex/store/places/store_place.hpp"
#include "logplex/store/redis/blocking_redis.hpp"

namespace sluice {
namespace {

constexpr std::string_view kScanCount = "1000";
/// A shorter password was probably chosen by a person, and a plain hash would not protect it.
constexpr std::size_t kShortestPassword = 20;

using Fields = std::map<std::string, std::string>;

std::string field(const Fields& fields, const char* name) {
  const auto found = fields.find(name);
  return found == fields.end() ? std::string() : found->second;
}

/// "ch:shop:data" is "shop".
std::optional<std::string> middle(std::string_view key, std::string_view prefix, std::string_view suffix) {
  if (!key.starts_with(prefix) || !key.ends_with(suffix) || key.size() <= prefix.size() + suffix.size())
    return std::nullopt;
  return std::string(key.substr(prefix.size(), key.size() - prefix.size() - suffix.size()));
}

class LogplexReader {
 public:
  explicit LogplexReader(BlockingRedis redis) : redis_(std::move(redis)) {}

  result<LogplexRows, Error> read() {
    SLUICE_TRY_VOID(read_all("ch:*:data", [this](const std::string& key, const Fields& f) { take_channel(key, f); }));
    SLUICE_TRY_VOID(read_all("tok:*:data", [this](const std::string& key, const Fields& f) { take_token(key, f); }));
    SLUICE_TRY_VOID(read_all("drain:*:data", [this](const std::string& key, const Fields& f) { take_drain(key, f); }));
    SLUICE_TRY_VOID(read_all("cred:*", [this](const std::string& key, const Fields& f) { take_credential(key, f); }));
    SLUICE_TRY(const auto channel, redis_.call({"GET", "channel_index"}));
    SLUICE_TRY(const auto drain, redis_.call({"GET", "drain_index"}));
    out_.rows.next_channel_id = parse_decimal(channel.text).value_or(0) + 1;
    out_.rows.next_drain_id = parse_decimal(drain.text).value_or(0) + 1;
    if (out_.rows.size() == 0 && out_.left_out.empty())
      return not_found(redis_.where() + ": holds no Logplex channels");
    return std::move(out_);
  }

 private:
  template <class Take>
  result<void, Error> read_all(std::string_view pattern, Take take) {
    std::string cursor = "0";
    std::set<std::string> seen;
    do {
      SLUICE_TRY(auto page, redis_.call({"SCAN", cursor, "MATCH", pattern, "COUNT", kScanCount}));
      cursor = page.text_at(0);
      std::vector<std::string> keys;
      if (page.list.size() == 2)
        for (auto& key : page.list[1].list)
          if (seen.insert(key.text).second) keys.push_back(key.text);
      std::vector<std::vector<std::string_view>> commands;
      commands.reserve(keys.size());
      for (const auto& key : keys) commands.push_back({"HGETALL", key});
      SLUICE_TRY(auto replies, redis_.call_all(commands));
      for (std::size_t i = 0; i < keys.size(); ++i) take(keys[i], fields_of(replies[i]));
    } while (cursor != "0" && !cursor.empty());
    return {};
  }

  static Fields fields_of(const RedisReply& reply) {
    Fields out;
    for (std::size_t i = 0; i + 1 < reply.list.size(); i += 2) out[reply.text_at(i)] = reply.text_at(i + 1);
    return out;
  }

  void leave_out(const char* kind, std::string key, const char* reason) {
    out_.left_out.push_back({kind, std::move(key), reason});
  }

  void add(const Entry& entry) { out_.rows.of(kind_of(entry))[key_of(entry)] = encode_entry(entry); }

  void take_channel(const std::string& key, const Fields& fields) {
    const auto id = middle(key, "ch:", ":data").value_or("");
    if (check_channel_id(id).has_error()) return leave_out("channel", key, "its id is not acceptable");
    Channel channel;
    channel.id = id;
    channel.name = field(fields, "name");
    const auto flags = ":" + field(fields, "flags") + ":";
    channel.flags.no_tail = flags.find(":no_tail:") != std::string::npos;
    channel.flags.no_history = flags.find(":no_redis:") != std::string::npos;
    add(channel);
  }

  void take_token(const std::string& key, const Fields& fields) {
    const auto value = parse_token('t', middle(key, "tok:", ":data").value_or(""));
    // Report it by channel and name, because its key is the secret.
    const std::string shown = field(fields, "ch") + "/" + field(fields, "name");
    if (!value) return leave_out("token", shown, "its value is not t. and a UUID");
    Token token;
    token.value = *value;
    token.channel = field(fields, "ch");
    token.name = field(fields, "name");
    // Derive the id from the value, so that every import gives the same id.
    const auto hash = sha1_of(value->str());
    for (std::size_t i = 0; i < sizeof token.id; ++i) token.id = token.id << 8 | hash[i];
    if (check_token_name(token.name).has_error()) return leave_out("token", shown, "its name is not acceptable");
    add(token);
  }

  void take_drain(const std::string& key, const Fields& fields) {
    const auto id = parse_decimal(middle(key, "drain:", ":data").value_or(""));
    const auto token = parse_token('d', field(fields, "token"));
    if (!id || *id == 0) return leave_out("drain", key, "its id is not a number");
    if (!token) return leave_out("drain", std::to_string(*id), "its token is not d. and a UUID");
    if (field(fields, "ch").empty()) return leave_out("drain", std::to_string(*id), "it belongs to no channel");
    Drain drain;
    drain.id = *id;
    drain.token = *token;
    drain.channel = field(fields, "ch");
    std::string url = field(fields, "url");
    const auto host = field(fields, "host");
    if (url.empty() && !host.empty()) {
      const auto port = field(fields, "port");
      url = "syslog://" + host + ":" + (port.empty() || port == "undefined" ? "514" : port);
    }
    drain.url = Secret(std::move(url));
    add(drain);
  }

  void take_credential(const std::string& key, const Fields& fields) {
    const auto id = middle(key, "cred:", "").value_or("");
    if (check_channel_id(id).has_error()) return leave_out("credential", key, "its id is not acceptable");
    const auto password = field(fields, "pass");
    if (password.size() < kShortestPassword)
      return leave_out("credential", id, "its password is too short to be kept as a hash: make an API key instead");
    Credential credential;
    credential.id = id;
    credential.name = field(fields, "name");
    credential.hash = hash_secret(password);
    credential.full_api = field(fields, "full_api") == "1";
    credential.any_channel = field(fields, "channel") == "any";
    add(credential);
  }

  BlockingRedis redis_;
  LogplexRows out_;
};

}  // namespace

result<LogplexRows, Error> read_logplex(const std::string& url, const TlsClientOptions& tls) {
  SLUICE_TRY(const auto parsed, parse_redis_url(url));
  std::shared_ptr<const TlsContext> context;
  if (parsed.tls) {
    SLUICE_TRY(context, TlsContext::make(tls));
  }
  SLUICE_TRY(auto redis, BlockingRedis::open(parsed, context));
  return LogplexReader(std::move(redis)).read();
}

}  // namespace sluice
