#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "logplex/net/tls/blocking_stream.hpp"
#include "logplex/store/redis/redis_reply.hpp"
#include "logplex/store/redis/redis_url.hpp"

namespace sluice {

/// A blocking connection to Redis for programs without shards. A call sends one command or several and waits for the
/// replies. Every step blocks for a limited time (see BlockingStream::set_patience()). One thread.
class BlockingRedis {
 public:
  /// Connects and logs in: with sentinels to the master that they name, in a Redis Cluster to the node that holds the
  /// keys. Errors name the server, never the password.
  static result<BlockingRedis, Error> open(const RedisUrl& url, const std::shared_ptr<const TlsContext>& tls);

  /// The server's reply. An error reply of the server is returned as an Error.
  result<RedisReply, Error> call(const std::vector<std::string_view>& parts);
  result<std::vector<RedisReply>, Error> call_all(const std::vector<std::vector<std::string_view>>& commands);
  const std::string& where() const { return where_; }

 private:
  BlockingRedis(std::unique_ptr<BlockingStream> stream, std::string where);

  static result<BlockingRedis, Error> connect(const HostPort& server, std::shared_ptr<const TlsContext> tls);
  static result<HostPort, Error> find_master(const RedisUrl& url, const std::shared_ptr<const TlsContext>& tls);
  static result<HostPort, Error> ask_sentinel(const HostPort& sentinel, const RedisUrl& url,
                                              const std::shared_ptr<const TlsContext>& tls);
  static result<BlockingRedis, Error> open_at(HostPort server, const RedisUrl& url,
                                              const std::shared_ptr<const TlsContext>& tls);
  result<void, Error> log_in(const RedisUrl& url);
  result<RedisReply, Error> checked(result<RedisReply, Error> reply) const;
  result<RedisReply, Error> answer_to(const std::vector<std::string_view>& parts);
  result<void, Error> send(std::string_view bytes);
  result<RedisReply, Error> receive();

  std::unique_ptr<BlockingStream> stream_;
  std::unique_ptr<RedisReplyReader> reader_;
  std::string where_;
};

}  // namespace sluice
