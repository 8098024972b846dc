#include "logplex/store/redis/redis_link.hpp"

#include <optional>

#include "logplex/net/net_error.hpp"
#include "logplex/store/redis/redis_scripts.hpp"

namespace sluice {
namespace {

constexpr std::size_t kSmallReply = 1 << 20;
/// How many MOVED replies of cluster nodes to follow.
constexpr int kMostHops = 5;

Error failure(const HostPort& server, const Error& why) { return {why.code, text_of(server) + ": " + why.text()}; }
Error refusal(const HostPort& server, const std::string& why) {
  return {NetError::kConnectFailed, text_of(server) + ": " + why};
}

Task<result<std::unique_ptr<RedisConnection>, Error>> open(Gate& gate, Dialer& dialer, HostPort server,
                                                           std::shared_ptr<const TlsContext> tls, Duration timeout,
                                                           std::size_t largest_reply) {
  DialTarget target{server.host, server.port, std::move(tls)};
  auto stream = co_await dialer.dial(std::move(target), timeout);
  if (stream.has_error()) co_return std::move(stream).error();
  co_return std::make_unique<RedisConnection>(gate, std::move(*stream), largest_reply);
}

/// Asks one sentinel for the master. If it wants a password, logs in with the URL's sentinel login, or else with the
/// login of the servers.
Task<result<SentinelLink, Error>> ask_sentinel(Gate& gate, Dialer& dialer, HostPort sentinel, RedisTarget target,
                                               Duration timeout) {
  const SteadyTime until = gate.shard().clock().steady() + timeout;
  const auto& url = target.url;
  auto connection = co_await open(gate, dialer, sentinel, target.tls, timeout, kSmallReply);
  if (connection.has_error()) co_return std::move(connection).error();
  const std::vector<std::string_view> question{"SENTINEL", "get-master-addr-by-name", url.master};
  auto reply = co_await (*connection)->call(question, until - gate.shard().clock().steady());
  const auto login = login_command(url.for_sentinel());
  if (reply.has_value() && reply->error_code() == "NOAUTH" && !login.empty()) {
    const std::vector<std::vector<std::string_view>> both{login, question};
    auto replies = co_await (*connection)->call_all(both, until - gate.shard().clock().steady());
    if (replies.has_error()) co_return failure(sentinel, replies.error());
    reply = std::move(replies->front().is_error() ? replies->front() : replies->back());
  }
  if (reply.has_error()) co_return failure(sentinel, reply.error());
  if (reply->is_error()) co_return refusal(sentinel, reply->text);
  auto master = master_in(*reply);
  if (!master) co_return refusal(sentinel, "knows no master named " + url.master);
  SentinelLink link{std::move(*connection), std::move(*master)};
  co_return link;
}

Task<result<SentinelLink, Error>> find_master(Gate& gate, Dialer& dialer, RedisTarget target, SteadyTime until) {
  const auto& sentinels = target.url.servers;
  const std::size_t first = gate.shard().rng().below(sentinels.size());
  result<SentinelLink, Error> answer = Error{NetError::kConnectFailed, "no sentinel answers"};
  for (std::size_t i = 0; i < sentinels.size() && answer.has_error(); ++i) {
    const Duration left = (until - gate.shard().clock().steady()) / static_cast<std::int64_t>(sentinels.size() - i);
    if (left <= Duration::zero()) co_return Error{NetError::kTimedOut, "no sentinel answers in time"};
    answer = co_await ask_sentinel(gate, dialer, sentinels[(first + i) % sentinels.size()], target, left);
  }
  co_return answer;
}

/// The first commands on a new connection: log in, select the database, test whether the keys are here, and ask for the
/// server's role and run id.
std::vector<std::vector<std::string_view>> greeting(const RedisUrl& url, std::string_view database) {
  std::vector<std::vector<std::string_view>> out;
  if (auto login = login_command(url.login()); !login.empty()) out.push_back(std::move(login));
  if (url.database != 0) out.push_back({"SELECT", database});
  out.push_back({"HMGET", redis_keys()[kMetaKey], "history"});
  out.push_back({"ROLE"});
  out.push_back({"INFO", "server"});
  return out;
}

/// The result of the greeting.
struct Greeted {
  std::string run_id;
  std::optional<HostPort> moved_to;  // another node of the cluster holds the keys
};

Task<result<Greeted, Error>> log_in(RedisConnection& connection, RedisUrl url, HostPort server, Duration timeout) {
  const std::string database = std::to_string(url.database);
  auto replies = co_await connection.call_all(greeting(url, database), timeout);
  if (replies.has_error()) co_return failure(server, replies.error());
  Greeted greeted{info_field(replies->back().text, "run_id:"), {}};
  replies->pop_back();
  auto role = std::move(replies->back());
  replies->pop_back();
  greeted.moved_to = replies->back().moved_to(server.host);
  if (greeted.moved_to) co_return greeted;
  // ROLE needs a permission that the operator may not have given. Then a replica cannot be recognized.
  const bool may_ask = role.error_code() != "NOPERM";
  if (may_ask && !role.is_error() && role.text_at(0) != "master")
    co_return refusal(server, "is a replica, not the master");
  if (may_ask) replies->push_back(std::move(role));
  for (const auto& reply : *replies)
    if (reply.is_error()) co_return refusal(server, reply.text);
  co_return greeted;
}

/// Connects to this server, or to the server that it names as the holder of the keys.
Task<result<RedisLink, Error>> link_to(Gate& gate, Dialer& dialer, HostPort server, RedisTarget target,
                                       SteadyTime until) {
  for (int hop = 0; hop < kMostHops; ++hop) {
    auto connection = co_await open(gate, dialer, server, target.tls, until - gate.shard().clock().steady(),
                                    RedisConnection::kLargestReply);
    if (connection.has_error()) co_return std::move(connection).error();
    RedisLink link{std::move(*connection), {}, text_of(server)};
    auto greeted = co_await log_in(*link.connection, target.url, server, until - gate.shard().clock().steady());
    if (greeted.has_error()) co_return std::move(greeted).error();
    link.run_id = std::move(greeted->run_id);
    if (!greeted->moved_to) co_return link;
    server = std::move(*greeted->moved_to);
  }
  co_return refusal(server, "the nodes of the cluster do not agree on which node holds the keys");
}

/// Tries the servers, beginning with a random one, until one leads to the holder of the keys.
Task<result<RedisLink, Error>> link_to_any(Gate& gate, Dialer& dialer, RedisTarget target, SteadyTime until) {
  const auto& servers = target.url.servers;
  const std::size_t first = gate.shard().rng().below(servers.size());
  result<RedisLink, Error> link = Error{NetError::kTimedOut, "no server answers in time"};
  for (std::size_t i = 0; i < servers.size() && link.has_error(); ++i) {
    const SteadyTime now = gate.shard().clock().steady();
    if (now >= until) break;
    const auto share = now + (until - now) / static_cast<std::int64_t>(servers.size() - i);
    link = co_await link_to(gate, dialer, servers[(first + i) % servers.size()], target, share);
  }
  co_return link;
}

}  // namespace

Task<result<RedisLink, Error>> link_redis(Gate& gate, Dialer& dialer, RedisTarget target, Duration timeout) {
  const SteadyTime until = gate.shard().clock().steady() + timeout;
  if (!target.url.sentinels()) {
    auto link = co_await link_to_any(gate, dialer, target, until);
    co_return link;
  }
  auto master = co_await find_master(gate, dialer, target, until);
  if (master.has_error()) co_return std::move(master).error();
  auto link = co_await link_to(gate, dialer, master->master, target, until);
  co_return link;
}

std::string text_of(const HostPort& server) { return server.host + ":" + std::to_string(server.port); }

std::optional<HostPort> master_in(const RedisReply& reply) {
  const auto port = parse_decimal(reply.text_at(1));
  if (!port || *port == 0 || *port > 65'535) return std::nullopt;
  return HostPort{reply.text_at(0), static_cast<std::uint16_t>(*port)};
}

Task<result<SentinelLink, Error>> link_sentinel(Gate& gate, Dialer& dialer, RedisTarget target, Duration timeout) {
  const SteadyTime until = gate.shard().clock().steady() + timeout;
  auto link = co_await find_master(gate, dialer, std::move(target), until);
  co_return link;
}

std::string info_field(std::string_view info, std::string_view name) {
  const auto at = info.find(name);
  if (at == std::string_view::npos) return {};
  const auto rest = info.substr(at + name.size());
  return std::string(rest.substr(0, rest.find_first_of("\r\n")));
}

Task<result<RedisReply, Error>> run_script(std::shared_ptr<RedisConnection> connection, std::string_view name,
                                           std::string argument, Duration timeout) {
  const auto& script = redis_script(name);
  const std::string count = std::to_string(redis_keys().size());
  std::vector<std::string_view> command{"EVALSHA", script.digest, count};
  command.insert(command.end(), redis_keys().begin(), redis_keys().end());
  command.push_back(argument);
  auto reply = co_await connection->call(command, timeout);
  if (reply.has_error() || reply->error_code() != "NOSCRIPT") co_return reply;
  command[0] = "EVAL";
  command[1] = script.text;
  reply = co_await connection->call(command, timeout);
  co_return reply;
}

}  // namespace sluice
