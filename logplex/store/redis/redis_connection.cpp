#include "logplex/store/redis/redis_connection.hpp"

#include <deque>
#include <optional>

#include <boost/asio/error.hpp>

namespace sluice {
namespace {

constexpr std::size_t kReadSize = std::size_t{64} << 10;

}  // namespace

struct RedisConnection::Waiter {
  explicit Waiter(Shard& shard) : ready(shard) {}
  Event ready;
  std::optional<result<RedisReply, Error>> outcome;
};

/// State shared by the connection and its two tasks.
struct RedisConnection::Core {
  Core(Shard& home, std::unique_ptr<ByteStream> connected, std::size_t largest_reply)
      : shard(home), stream(std::move(connected)), reader(largest_reply), to_send(home) {}

  std::shared_ptr<Waiter> send(const std::vector<std::string_view>& parts);
  bool take_replies();
  void fail(const Error& error);

  Shard& shard;
  std::unique_ptr<ByteStream> stream;
  RedisReplyReader reader;
  std::deque<std::shared_ptr<Waiter>> waiting;
  std::string unsent;
  Event to_send;
  Error failure;
  bool open = true;
};

std::shared_ptr<RedisConnection::Waiter> RedisConnection::Core::send(const std::vector<std::string_view>& parts) {
  auto waiter = std::make_shared<Waiter>(shard);
  if (!open) {
    waiter->outcome = failure;
  } else if (waiting.size() >= kMostWaiting) {
    waiter->outcome = Error{make_error_code(boost::system::errc::no_buffer_space), "too many commands wait for Redis"};
  } else {
    unsent += format_command(parts);
    waiting.push_back(waiter);
    to_send.set();
  }
  return waiter;
}

bool RedisConnection::Core::take_replies() {
  while (open) {
    auto reply = reader.next();
    if (reply.has_error()) return fail(reply.error()), false;
    if (!reply->has_value()) return true;
    if (waiting.empty()) return fail({NetError::kMalformed, "Redis sent an answer that nobody asked for"}), false;
    auto waiter = std::move(waiting.front());
    waiting.pop_front();
    waiter->outcome = std::move(**reply);
    waiter->ready.set();
  }
  return false;
}

void RedisConnection::Core::fail(const Error& error) {
  if (!open) return;
  open = false;
  failure = error;
  stream->close();
  to_send.set();
  for (auto& waiter : waiting) {
    waiter->outcome = error;
    waiter->ready.set();
  }
  waiting.clear();
}

RedisConnection::RedisConnection(Gate& gate, std::unique_ptr<ByteStream> stream, std::size_t largest_reply)
    : core_(std::make_shared<Core>(gate.shard(), std::move(stream), largest_reply)) {
  gate.spawn(read(core_));
  gate.spawn(write(core_));
}

RedisConnection::~RedisConnection() { close(); }

bool RedisConnection::is_open() const { return core_->open; }

void RedisConnection::close() { core_->fail({NetError::kClosed, "the connection to Redis was closed"}); }

Task<result<RedisReply, Error>> RedisConnection::call(const std::vector<std::string_view>& parts, Duration timeout) {
  return answer(core_, core_->send(parts), core_->shard.clock().steady() + timeout);
}

Task<result<std::vector<RedisReply>, Error>> RedisConnection::call_all(
    const std::vector<std::vector<std::string_view>>& commands, Duration timeout) {
  Waiters waiters;
  for (const auto& command : commands) waiters.push_back(core_->send(command));
  return answers(core_, std::move(waiters), core_->shard.clock().steady() + timeout);
}

Task<result<RedisReply, Error>> RedisConnection::next(Duration timeout) {
  auto waiter = std::make_shared<Waiter>(core_->shard);
  if (core_->open)
    core_->waiting.push_back(waiter);
  else
    waiter->outcome = core_->failure;
  return answer(core_, std::move(waiter), core_->shard.clock().steady() + timeout);
}

Task<result<RedisReply, Error>> RedisConnection::answer(std::shared_ptr<Core> core, std::shared_ptr<Waiter> waiter,
                                                        SteadyTime until) {
  while (!waiter->outcome) {
    const Duration left = until - core->shard.clock().steady();
    // Replies come in order, so no single reply can be skipped: close the connection.
    if (left <= Duration::zero())
      core->fail({NetError::kTimedOut, "Redis did not answer in time"});
    else
      co_await waiter->ready.wait_for(left);
  }
  co_return std::move(*waiter->outcome);
}

Task<result<std::vector<RedisReply>, Error>> RedisConnection::answers(std::shared_ptr<Core> core, Waiters waiters,
                                                                      SteadyTime until) {
  std::vector<RedisReply> replies;
  for (auto& waiter : waiters) {
    auto reply = co_await answer(core, waiter, until);
    if (reply.has_error()) co_return std::move(reply).error();
    replies.push_back(std::move(*reply));
  }
  co_return replies;
}

Task<void> RedisConnection::write(std::shared_ptr<Core> core) {
  std::string sending;
  while (core->open) {
    co_await core->to_send.wait();
    while (core->open && !core->unsent.empty()) {
      sending.clear();
      sending.swap(core->unsent);
      const auto written = co_await core->stream->write_all(sending);
      if (written.has_error())
        core->fail({written.error(), "the connection to Redis broke: " + written.error().message()});
    }
  }
}

Task<void> RedisConnection::read(std::shared_ptr<Core> core) {
  std::string buffer(kReadSize, '\0');
  while (core->open) {
    const auto got = co_await core->stream->read_some(buffer);
    if (got.has_error()) {
      const bool ended = got.error() == asio::error::eof;
      core->fail({ended ? make_error_code(NetError::kClosed) : got.error(),
                  ended ? "Redis closed the connection" : "the connection to Redis broke: " + got.error().message()});
      co_return;
    }
    core->reader.feed(std::string_view(buffer).substr(0, *got));
    if (!core->take_replies()) co_return;
  }
}

}  // namespace sluice
