#include "logplex/store/blocking_redis.hpp"

#include <array>

#include "logplex/net/net_error.hpp"

namespace sluice {
namespace {

constexpr std::chrono::seconds kPatience{10};
constexpr std::chrono::seconds kPatienceForAll{120};
constexpr std::size_t kLargestReply = std::size_t{1} << 30;

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

result<HostPort, Error> BlockingRedis::find_master(const RedisUrl& url) {
  Error last{NetError::kConnectFailed, "no sentinel answers"};
  for (const auto& sentinel : url.servers) {
    auto connection = connect(sentinel, nullptr);
    if (connection.has_error()) {
      last = connection.error();
      continue;
    }
    auto reply = connection->call({"SENTINEL", "get-master-addr-by-name", url.master});
    const auto port = reply.has_value() ? parse_decimal(reply->text_at(1)) : std::nullopt;
    if (port && *port > 0 && *port < 65'536) return HostPort{reply->text_at(0), static_cast<std::uint16_t>(*port)};
    last = {NetError::kConnectFailed, connection->where() + ": knows no master named " + url.master};
  }
  return last;
}

result<BlockingRedis, Error> BlockingRedis::open(const RedisUrl& url, std::shared_ptr<const TlsContext> tls) {
  HostPort server = url.servers.front();
  if (url.sentinels()) {
    SLUICE_TRY(server, find_master(url));
  }
  SLUICE_TRY(auto connection, connect(server, std::move(tls)));
  SLUICE_TRY_VOID(connection.log_in(url));
  return connection;
}

result<void, Error> BlockingRedis::log_in(const RedisUrl& url) {
  const std::string_view password = url.password.reveal();
  std::vector<std::string_view> auth{"AUTH"};
  if (!url.user.empty()) auth.push_back(url.user);
  auth.push_back(password);
  if (!url.user.empty() || !password.empty()) {
    SLUICE_TRY_VOID(call(auth));
  }
  const std::string database = std::to_string(url.database);
  if (url.database != 0) {
    SLUICE_TRY_VOID(call({"SELECT", database}));
  }
  SLUICE_TRY_VOID(call({"PING"}));
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
  std::array<char, 64 * 1024> buffer;
  for (;;) {
    SLUICE_TRY(auto reply, reader_->next());
    if (reply && reply->is_error()) return Error{NetError::kConnectFailed, where_ + ": " + reply->text};
    if (reply) return std::move(*reply);
    const auto got = stream_->read_some(buffer);
    if (got.has_error()) return Error{got.error(), where_ + ": " + got.error().message()};
    reader_->feed({buffer.data(), *got});
  }
}

result<RedisReply, Error> BlockingRedis::call(const std::vector<std::string_view>& parts) {
  SLUICE_TRY_VOID(send(format_command(parts)));
  return receive();
}

result<std::vector<RedisReply>, Error> BlockingRedis::call_all(
    const std::vector<std::vector<std::string_view>>& commands) {
  std::string bytes;
  for (const auto& command : commands) bytes += format_command(command);
  SLUICE_TRY_VOID(send(bytes));
  std::vector<RedisReply> replies;
  for (std::size_t i = 0; i < commands.size(); ++i) {
    SLUICE_TRY(auto reply, receive());
    replies.push_back(std::move(reply));
  }
  return replies;
}

}  // namespace sluice
