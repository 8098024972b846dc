#include "logplex/store/redis/blocking_redis.hpp"

#include <array>

#include "logplex/net/net_error.hpp"
#include "logplex/store/redis/redis_scripts.hpp"

namespace sluice {
namespace {

constexpr std::chrono::seconds kPatience{10};
constexpr std::chrono::seconds kPatienceForAll{120};
constexpr std::size_t kLargestReply = std::size_t{1} << 30;
/// How many MOVED replies of cluster nodes to follow.
constexpr int kMostHops = 5;

}  // namespace

BlockingRedis::BlockingRedis(std::unique_ptr<BlockingStream> stream, std::string where)
    : stream_(std::move(stream)),
      reader_(std::make_unique<RedisReplyReader>(kLargestReply)),
      where_(std::move(where)) {}

result<BlockingRedis, Error> BlockingRedis::connect(const HostPort& server, std::shared_ptr<const TlsContext> tls) {
  const std::string port = std::to_string(server.port);
  const std::string where = server.host + ":" + port;
  auto stream = connect_blocking(server.host, port, std::move(tls), kPatience);
  if (stream.has_error()) return Error{stream.error().code, where + ": " + stream.error().text()};
  (*stream)->set_patience(kPatienceForAll);
  return BlockingRedis(std::move(*stream), where);
}

result<HostPort, Error> BlockingRedis::ask_sentinel(const HostPort& sentinel, const RedisUrl& url,
                                                    const std::shared_ptr<const TlsContext>& tls) {
  SLUICE_TRY(auto connection, connect(sentinel, tls));
  const std::vector<std::string_view> question{"SENTINEL", "get-master-addr-by-name", url.master};
  SLUICE_TRY(auto reply, connection.answer_to(question));
  const auto login = login_command(url.for_sentinel());
  if (reply.error_code() == "NOAUTH" && !login.empty()) {
    SLUICE_TRY_VOID(connection.call(login));
    SLUICE_TRY(reply, connection.call(question));
  }
  if (reply.is_error()) return Error{NetError::kConnectFailed, connection.where() + ": " + reply.text};
  const auto port = parse_decimal(reply.text_at(1));
  if (port && *port > 0 && *port < 65'536) return HostPort{reply.text_at(0), static_cast<std::uint16_t>(*port)};
  return Error{NetError::kConnectFailed, connection.where() + ": knows no master named " + url.master};
}

result<HostPort, Error> BlockingRedis::find_master(const RedisUrl& url, const std::shared_ptr<const TlsContext>& tls) {
  result<HostPort, Error> master = Error{NetError::kConnectFailed, "no sentinel answers"};
  for (const auto& sentinel : url.servers) {
    master = ask_sentinel(sentinel, url, tls);
    if (master.has_value()) break;
  }
  return master;
}

result<BlockingRedis, Error> BlockingRedis::open_at(HostPort server, const RedisUrl& url,
                                                    const std::shared_ptr<const TlsContext>& tls) {
  for (int hop = 0; hop < kMostHops; ++hop) {
    SLUICE_TRY(auto connection, connect(server, tls));
    SLUICE_TRY_VOID(connection.log_in(url));
    SLUICE_TRY(const auto reply, connection.answer_to({"HMGET", redis_keys()[kMetaKey], "history"}));
    auto moved_to = reply.moved_to(server.host);
    // When importing from a Logplex, the user need not have permission to read Sluice's keys.
    if (reply.is_error() && !moved_to && reply.error_code() != "NOPERM") return connection.checked(reply).error();
    if (!moved_to) return connection;
    server = std::move(*moved_to);
  }
  return Error{NetError::kConnectFailed, "the nodes of the cluster do not agree on which node holds the keys"};
}

result<BlockingRedis, Error> BlockingRedis::open(const RedisUrl& url, const std::shared_ptr<const TlsContext>& tls) {
  if (url.sentinels()) {
    SLUICE_TRY(auto master, find_master(url, tls));
    return open_at(std::move(master), url, tls);
  }
  result<BlockingRedis, Error> connection = Error{NetError::kConnectFailed, "no server answers"};
  for (const auto& server : url.servers) {
    connection = open_at(server, url, tls);
    if (connection.has_value()) break;
  }
  return connection;
}

result<void, Error> BlockingRedis::log_in(const RedisUrl& url) {
  if (const auto login = login_command(url.login()); !login.empty()) {
    SLUICE_TRY_VOID(call(login));
  }
  const std::string database = std::to_string(url.database);
  if (url.database != 0) {
    SLUICE_TRY_VOID(call({"SELECT", database}));
  }
  return {};
}

result<void, Error> BlockingRedis::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = stream_->write_some(bytes);
    if (sent.has_error()) return Error{sent.error(), where_ + ": " + sent.error().message()};
    bytes.remove_prefix(*sent);
  }
  return {};
}

result<RedisReply, Error> BlockingRedis::receive() {
  std::array<char, std::size_t{64} * 1024> buffer;
  for (;;) {
    SLUICE_TRY(auto reply, reader_->next());
    if (reply) return std::move(*reply);
    const auto got = stream_->read_some(buffer);
    if (got.has_error()) return Error{got.error(), where_ + ": " + got.error().message()};
    reader_->feed({buffer.data(), *got});
  }
}

/// Returns an error reply of the server as a reply, not as an Error.
result<RedisReply, Error> BlockingRedis::answer_to(const std::vector<std::string_view>& parts) {
  SLUICE_TRY_VOID(send(format_command(parts)));
  return receive();
}

result<RedisReply, Error> BlockingRedis::checked(result<RedisReply, Error> reply) const {
  if (reply.has_value() && reply->is_error()) return Error{NetError::kConnectFailed, where_ + ": " + reply->text};
  return reply;
}

result<RedisReply, Error> BlockingRedis::call(const std::vector<std::string_view>& parts) {
  return checked(answer_to(parts));
}

result<std::vector<RedisReply>, Error> BlockingRedis::call_all(
    const std::vector<std::vector<std::string_view>>& commands) {
  std::string bytes;
  for (const auto& command : commands) bytes += format_command(command);
  SLUICE_TRY_VOID(send(bytes));
  std::vector<RedisReply> replies;
  for (std::size_t i = 0; i < commands.size(); ++i) {
    SLUICE_TRY(auto reply, checked(receive()));
    replies.push_back(std::move(reply));
  }
  return replies;
}

}  // namespace sluice
