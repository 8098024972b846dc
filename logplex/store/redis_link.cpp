#include "logplex/store/redis_link.hpp"

#include "logplex/net/net_error.hpp"

namespace sluice {
namespace {

constexpr std::size_t kSmallReply = 1 << 20;

std::string text_of(const HostPort& server) { return server.host + ":" + std::to_string(server.port); }

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

/// What one sentinel says.
Task<result<HostPort, Error>> ask_sentinel(Gate& gate, Dialer& dialer, HostPort sentinel, std::string master,
                                           std::shared_ptr<const TlsContext> tls, Duration timeout) {
  auto connection = co_await open(gate, dialer, sentinel, std::move(tls), timeout, kSmallReply);
  if (connection.has_error()) co_return std::move(connection).error();
  const std::vector<std::string_view> question{"SENTINEL", "get-master-addr-by-name", master};
  auto reply = co_await (*connection)->call(question, timeout);
  if (reply.has_error()) co_return failure(sentinel, reply.error());
  if (reply->is_error()) co_return refusal(sentinel, reply->text);
  const auto port = parse_decimal(reply->text_at(1));
  if (!port || *port == 0 || *port > 65'535) co_return refusal(sentinel, "knows no master named " + master);
  co_return HostPort{reply->text_at(0), static_cast<std::uint16_t>(*port)};
}

Task<result<HostPort, Error>> find_master(Gate& gate, Dialer& dialer, RedisTarget target, SteadyTime until) {
  const auto& sentinels = target.url.servers;
  const std::size_t first = gate.shard().rng().below(sentinels.size());
  result<HostPort, Error> answer = Error{NetError::kConnectFailed, "no sentinel answers"};
  for (std::size_t i = 0; i < sentinels.size() && answer.has_error(); ++i) {
    const Duration left = (until - gate.shard().clock().steady()) / static_cast<std::int64_t>(sentinels.size() - i);
    if (left <= Duration::zero()) co_return Error{NetError::kTimedOut, "no sentinel answers in time"};
    answer = co_await ask_sentinel(gate, dialer, sentinels[(first + i) % sentinels.size()], target.url.master,
                                   target.tls, left);
  }
  co_return answer;
}

std::string line_after(std::string_view text, std::string_view name) {
  const auto at = text.find(name);
  if (at == std::string_view::npos) return {};
  const auto rest = text.substr(at + name.size());
  return std::string(rest.substr(0, rest.find_first_of("\r\n")));
}

/// The greeting of a new connection: who we are, which database; who the server is.
std::vector<std::vector<std::string_view>> greeting(const RedisUrl& url, std::string_view database) {
  std::vector<std::vector<std::string_view>> out;
  const std::string_view password = url.password.reveal();
  if (!url.user.empty())
    out.push_back({"AUTH", url.user, password});
  else if (!password.empty())
    out.push_back({"AUTH", password});
  if (url.database != 0) out.push_back({"SELECT", database});
  out.push_back({"ROLE"});
  out.push_back({"INFO", "server"});
  return out;
}

Task<result<std::string, Error>> log_in(RedisConnection& connection, RedisUrl url, HostPort server, Duration timeout) {
  const std::string database = std::to_string(url.database);
  auto replies = co_await connection.call_all(greeting(url, database), timeout);
  if (replies.has_error()) co_return failure(server, replies.error());
  const std::string run_id = line_after(replies->back().text, "run_id:");
  replies->pop_back();
  // ROLE needs a permission that a careful operator may not give: then nobody says that it is a replica.
  const bool may_ask = replies->back().error_code() != "NOPERM";
  if (may_ask && !replies->back().is_error() && replies->back().text_at(0) != "master")
    co_return refusal(server, "is a replica, not the master");
  if (!may_ask) replies->pop_back();
  for (const auto& reply : *replies)
    if (reply.is_error()) co_return refusal(server, reply.text);
  co_return run_id;
}

}  // namespace

Task<result<RedisLink, Error>> link_redis(Gate& gate, Dialer& dialer, RedisTarget target, Duration timeout) {
  const SteadyTime until = gate.shard().clock().steady() + timeout;
  result<HostPort, Error> server = target.url.servers.front();
  if (target.url.sentinels()) server = co_await find_master(gate, dialer, target, until);
  if (server.has_error()) co_return std::move(server).error();
  auto connection = co_await open(gate, dialer, *server, target.tls, until - gate.shard().clock().steady(),
                                  RedisConnection::kLargestReply);
  if (connection.has_error()) co_return std::move(connection).error();
  RedisLink link{std::move(*connection), {}, text_of(*server)};
  auto run_id = co_await log_in(*link.connection, target.url, *server, until - gate.shard().clock().steady());
  if (run_id.has_error()) co_return std::move(run_id).error();
  link.run_id = std::move(*run_id);
  co_return link;
}

}  // namespace sluice
