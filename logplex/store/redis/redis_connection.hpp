#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "logplex/net/dial/dial.hpp"
#include "logplex/runtime/gate.hpp"
#include "logplex/store/redis/redis_reply.hpp"

namespace sluice {

/// One connection to a Redis server. Several tasks can have commands under way at once; replies come in order.
///
/// Lives on one shard. Its own two tasks run in the gate, which outlives it; destroying the connection ends them. When
/// a reply is late or malformed, or the socket fails, the connection closes and every command under way ends with an
/// error. It is then unknown whether the server carried out these commands.
class RedisConnection {
 public:
  static constexpr std::size_t kMostWaiting = 20'000;
  static constexpr std::size_t kLargestReply = std::size_t{256} << 20;

  RedisConnection(Gate& gate, std::unique_ptr<ByteStream> stream, std::size_t largest_reply = kLargestReply);
  RedisConnection(const RedisConnection&) = delete;
  RedisConnection& operator=(const RedisConnection&) = delete;
  ~RedisConnection();

  /// The server's reply, which may be an error reply. Errors: kTimedOut, kClosed, kMalformed and those of the socket,
  /// and no_buffer_space when too many commands wait. The parts need not outlive the call.
  Task<result<RedisReply, Error>> call(const std::vector<std::string_view>& parts, Duration timeout);
  /// Sends several commands in one write; an error of the connection ends all of them.
  Task<result<std::vector<RedisReply>, Error>> call_all(const std::vector<std::vector<std::string_view>>& commands,
                                                        Duration timeout);

  /// After SUBSCRIBE: the next message that the server pushes. The connection closes when none comes within `timeout`,
  /// and when a reply comes that nobody waits for.
  Task<result<RedisReply, Error>> next(Duration timeout);

  bool is_open() const;
  void close();

 private:
  struct Waiter;
  struct Core;
  using Waiters = std::vector<std::shared_ptr<Waiter>>;

  static Task<result<RedisReply, Error>> answer(std::shared_ptr<Core> core, std::shared_ptr<Waiter> waiter,
                                                SteadyTime until);
  static Task<result<std::vector<RedisReply>, Error>> answers(std::shared_ptr<Core> core, Waiters waiters,
                                                              SteadyTime until);
  static Task<void> read(std::shared_ptr<Core> core);
  static Task<void> write(std::shared_ptr<Core> core);

  std::shared_ptr<Core> core_;
};

}  // namespace sluice
