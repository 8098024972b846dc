#include "logplex/store/redis/redis_url.hpp"

#include <algorithm>

#include "logplex/model/config_error.hpp"
#include "logplex/net/http/http_message.hpp"
#include "logplex/net/url.hpp"
#include "logplex/store/redis/redis_reply.hpp"

namespace sluice {
namespace {

constexpr std::uint16_t kServerPort = 6379;
constexpr std::uint16_t kSentinelPort = 26379;
constexpr std::uint64_t kMostDatabases = 65'536;
constexpr std::size_t kMostServers = 32;

/// The parts of the text, not decoded.
struct Pieces {
  std::string_view scheme;
  std::string_view userinfo;  // with the @
  std::string_view hosts;
  std::string_view path;   // without the first /
  std::string_view query;  // without the ?
};

Pieces cut(std::string_view text) {
  Pieces out;
  const auto colon = text.find("://");
  if (colon == std::string_view::npos) return out;
  out.scheme = text.substr(0, colon);
  auto rest = text.substr(colon + 3);
  const auto question = rest.find('?');
  if (question != std::string_view::npos) out.query = rest.substr(question + 1);
  rest = rest.substr(0, question);
  const auto slash = rest.find('/');
  if (slash != std::string_view::npos) out.path = rest.substr(slash + 1);
  rest = rest.substr(0, slash);
  const auto at = rest.rfind('@');
  if (at != std::string_view::npos) out.userinfo = rest.substr(0, at + 1);
  out.hosts = at == std::string_view::npos ? rest : rest.substr(at + 1);
  return out;
}

result<std::uint32_t, Error> parse_database(std::string_view text) {
  if (text.empty()) return 0U;
  const auto number = parse_decimal(text);
  if (!number || *number >= kMostDatabases) return invalid("the database after the host must be a number");
  return static_cast<std::uint32_t>(*number);
}

result<void, Error> read_servers(const Pieces& pieces, std::uint16_t port, RedisUrl& out) {
  for (const auto& server : split_addresses(pieces.hosts)) {
    // Use the general parser, which handles escapes and IPv6.
    const auto parsed = parse_url("redis://" + std::string(pieces.userinfo) + server);
    if (parsed.has_error()) return invalid(parsed.error().text());
    if (parsed->host.empty() || parsed->has_query) return invalid("a host is missing");
    out.servers.push_back({parsed->host, parsed->port != 0 ? parsed->port : port});
    out.user = parsed->user;
    out.password = Secret(parsed->password);
  }
  if (out.servers.empty() || out.servers.size() > kMostServers) return invalid("a host is missing");
  return {};
}

result<void, Error> read_query(std::string_view query, bool sentinels, RedisUrl& out) {
  while (!query.empty()) {
    const auto item = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), item.size() + 1));
    const auto equals = std::min(item.find('='), item.size());
    const auto name = item.substr(0, equals);
    std::string value;
    if (!percent_decode(item.substr(std::min(item.size(), equals + 1)), false, value))
      return invalid("the part after ? has a broken percent escape");
    if (sentinels && name == "sentinel_user")
      out.sentinel_user = std::move(value);
    else if (sentinels && name == "sentinel_password")
      out.sentinel_password = Secret(std::move(value));
    else
      return invalid("only sentinel_user and sentinel_password are allowed after ?, and only in a sentinel URL");
  }
  return {};
}

}  // namespace

std::string RedisUrl::where() const {
  std::string out;
  for (const auto& server : servers) {
    const bool ipv6 = server.host.find(':') != std::string::npos;
    out +=
        (out.empty() ? "" : ",") + (ipv6 ? "[" + server.host + "]" : server.host) + ":" + std::to_string(server.port);
  }
  return sentinels() ? out + "/" + master : out;
}

std::vector<std::string_view> login_command(const RedisLogin& login) {
  if (!login.user.empty()) return {"AUTH", login.user, login.password};
  if (!login.password.empty()) return {"AUTH", login.password};
  return {};
}

bool is_redis_url(std::string_view text) {
  const auto scheme = cut(text).scheme;
  return scheme == "redis" || scheme == "rediss" || scheme == "redis+sentinel" || scheme == "rediss+sentinel";
}

result<void, Error> check_store_url(const Secret& url) {
  if (url.reveal() == "embedded:") return {};
  if (!is_redis_url(url.reveal()))
    return invalid("must be embedded:, redis://..., rediss://..., redis+sentinel://... or rediss+sentinel://...");
  SLUICE_TRY_VOID(parse_redis_url(url.reveal()));
  return {};
}

result<RedisUrl, Error> parse_redis_url(std::string_view text) {
  const auto pieces = cut(text);
  if (!is_redis_url(text))
    return invalid("must begin with redis://, rediss://, redis+sentinel:// or rediss+sentinel://");
  RedisUrl out;
  const bool sentinels = pieces.scheme.ends_with("+sentinel");
  out.tls = pieces.scheme.starts_with("rediss");
  SLUICE_TRY_VOID(read_servers(pieces, sentinels ? kSentinelPort : kServerPort, out));
  auto path = pieces.path;
  if (sentinels) {
    out.master = path.substr(0, path.find('/'));
    path = path.size() > out.master.size() ? path.substr(out.master.size() + 1) : std::string_view();
    if (out.master.empty()) return invalid("must end in /MASTER, the name that the sentinels know");
  }
  SLUICE_TRY(out.database, parse_database(path));
  if (!sentinels && out.servers.size() > 1 && out.database != 0) return invalid("a Redis Cluster has no databases");
  SLUICE_TRY_VOID(read_query(pieces.query, sentinels, out));
  return out;
}

}  // namespace sluice
