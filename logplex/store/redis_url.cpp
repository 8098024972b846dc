#include "logplex/store/redis_url.hpp"

#include <algorithm>

#include "logplex/model/config_error.hpp"
#include "logplex/net/url.hpp"
#include "logplex/store/redis_reply.hpp"

namespace sluice {
namespace {

constexpr std::uint16_t kServerPort = 6379;
constexpr std::uint16_t kSentinelPort = 26379;
constexpr std::uint64_t kMostDatabases = 65'536;
constexpr std::size_t kMostServers = 32;

/// The pieces of the text, nothing decoded.
struct Pieces {
  std::string_view scheme;
  std::string_view userinfo;  // with the @
  std::string_view hosts;
  std::string_view path;  // without the first /
};

Pieces cut(std::string_view text) {
  Pieces out;
  const auto colon = text.find("://");
  if (colon == std::string_view::npos) return out;
  out.scheme = text.substr(0, colon);
  auto rest = text.substr(colon + 3);
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
    // Through the general parser, which knows escapes and IPv6.
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

bool is_redis_url(std::string_view text) {
  const auto scheme = cut(text).scheme;
  return scheme == "redis" || scheme == "rediss" || scheme == "redis+sentinel";
}

result<void, Error> check_store_url(const Secret& url) {
  if (url.reveal() == "embedded:") return {};
  if (!is_redis_url(url.reveal()))
    return invalid("must be embedded:, redis://..., rediss://... or redis+sentinel://...");
  SLUICE_TRY_VOID(parse_redis_url(url.reveal()));
  return {};
}

result<RedisUrl, Error> parse_redis_url(std::string_view text) {
  const auto pieces = cut(text);
  if (!is_redis_url(text)) return invalid("must begin with redis://, rediss:// or redis+sentinel://");
  RedisUrl out;
  const bool sentinels = pieces.scheme == "redis+sentinel";
  out.tls = pieces.scheme == "rediss";
  SLUICE_TRY_VOID(read_servers(pieces, sentinels ? kSentinelPort : kServerPort, out));
  if (!sentinels && out.servers.size() != 1) return invalid("must name one host");
  auto path = pieces.path;
  if (sentinels) {
    out.master = path.substr(0, path.find('/'));
    path = path.size() > out.master.size() ? path.substr(out.master.size() + 1) : std::string_view();
    if (out.master.empty()) return invalid("must end in /MASTER, the name that the sentinels know");
  }
  SLUICE_TRY(out.database, parse_database(path));
  return out;
}

}  // namespace sluice
