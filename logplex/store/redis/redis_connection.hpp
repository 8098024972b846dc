#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "logplex/net/dial/dial.hpp"
#include "logplex/runtime/gate.hpp"
#include "logplex/store/redis/redis_reply.hpp"

namespace sluice {

/// One connection to a Redis server. Commands of any number of tasks are under way at once; answers come in order.
///
/// Lives on one shard. Its own two tasks run in the gate, which outlives it; destroying it ends them. When an answer
/// does not come in time, the link breaks, or bytes make no sense, the connection is closed and every command under way
/// ends with an error; whether the server did what was asked is then not known.
class RedisConnection {
 public:
  static constexpr std::size_t kMostWaiting = 20'000;
  static constexpr std::size_t kLargestReply = std::size_t{256} << 20;

  RedisConnection(Gate& gate, std::unique_ptr<ByteStream> stream, std::size_t largest_reply = kLargestReply);
  RedisConnection(const RedisConnection&) = delete;
  RedisConnection& operator=(const RedisConnection&) = delete;
  ~RedisConnection();

  /// The server's answer, an error of its own too. Errors: kTimedOut, kClosed, kMalformed and those of the socket, and
  /// no_buffer_space when too many commands wait. The parts need not outlive the call.
  Task<result<RedisReply, Error>> call(const std::vector<std::string_view>& parts, Duration timeout);
  /// Several commands in one write; an error of the connection ends all.
  Task<result<std::vector<RedisReply>, Error>> call_all(const std::vector<std::vector<std::string_view>>& commands,
                                                        Duration timeout);

  /// What the server sends by itself next, after SUBSCRIBE. Nothing within the time ends the connection, and so does an
  /// answer that comes while nobody waits for one.
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
