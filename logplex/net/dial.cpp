#include "logplex/net/dial.hpp"

#include <netdb.h>

#include <algorithm>
#include <functional>
#include <optional>

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/socket_base.hpp>

#include "logplex/net/address_text.hpp"
#include "logplex/net/tcp_stream.hpp"
#include "logplex/net/tls_stream.hpp"

namespace sluice {
namespace {

using Addresses = std::vector<asio::ip::address>;

std::string without_brackets(const std::string& host) {
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  return bracketed ? host.substr(1, host.size() - 2) : host;
}

struct LookUp {
  int failed = 0;
  Addresses addresses;
};

LookUp look_up(const std::string& host) {
  LookUp answer;
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* found = nullptr;
  answer.failed = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
  if (answer.failed != 0) return answer;
  for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
    sockaddr_storage address{};
    std::copy_n(reinterpret_cast<const char*>(entry->ai_addr), entry->ai_addrlen, reinterpret_cast<char*>(&address));
    const auto parsed = peer_of(address).address;
    if (std::find(answer.addresses.begin(), answer.addresses.end(), parsed) == answer.addresses.end())
      answer.addresses.push_back(parsed);
  }
  ::freeaddrinfo(found);
  return answer;
}

/// Closes the socket when the time passes.
class ConnectLimit {
 public:
  ConnectLimit(Shard& shard, TcpSocket& socket, Duration time)
      : socket_(socket), deadline_(shard.wheel(), &ConnectLimit::fire, this) {
    deadline_.arm(time);
  }

 private:
  static void fire(void* self) {
    error_code ignored;
    static_cast<ConnectLimit*>(self)->socket_.close(ignored);
  }

  TcpSocket& socket_;
  Deadline deadline_;
};

void set_options(TcpSocket& socket) {
  error_code ignored;
  socket.set_option(asio::ip::tcp::no_delay(true), ignored);
  socket.set_option(asio::socket_base::keep_alive(true), ignored);
}

std::string where(const DialTarget& target) { return target.host + ":" + std::to_string(target.port); }

Error failure(const DialTarget& target, error_code code, const std::string& why) {
  return {code, "cannot connect to " + where(target) + ": " + (why.empty() ? code.message() : why)};
}

}  // namespace

Task<result<Addresses, Error>> Resolver::resolve(std::string host, Duration timeout) {
  struct Answer {
    explicit Answer(Shard& shard) : ready(shard) {}
    Event ready;
    std::optional<LookUp> found;
  };
  error_code not_literal;
  const auto literal = asio::ip::make_address(without_brackets(host), not_literal);
  if (!not_literal) co_return Addresses{literal};
  Shard& home = Shard::current();
  auto answer = std::make_shared<Answer>(home);
  // The answer holds a timer of its shard: it goes back there before the worker lets go of it.
  std::function<void()> work = [answer, &io = home.io(), host]() mutable {
    LookUp found = look_up(host);
    asio::post(io, [answer = std::move(answer), found = std::move(found)]() mutable {
      answer->found = std::move(found);
      answer->ready.set();
    });
  };
  if (!lane_.submit(std::move(work)))
    co_return Error{NetError::kResolverBusy, "'" + host + "' waits behind too many other host names"};
  const bool in_time = co_await answer->ready.wait_for(timeout);
  if (!answer->found) {
    const NetError why = in_time ? NetError::kNoSuchHost : NetError::kTimedOut;
    co_return Error{why, "the host name '" + host + "' was not resolved in time"};
  }
  if (answer->found->failed != 0)
    co_return Error{NetError::kNoSuchHost,
                    "the host name '" + host + "' does not resolve: " + ::gai_strerror(answer->found->failed)};
  co_return std::move(answer->found->addresses);
}

/// The first address that is allowed and answers. The time is for all of them together.
Task<result<TcpSocket, Error>> Dialer::connect(const DialTarget& target, const Addresses& addresses, SteadyTime until) {
  Error last = failure(target, NetError::kConnectFailed, "the host name has no address");
  std::size_t left = addresses.size();
  for (const auto& address : addresses) {
    if (const auto kind = guard_.refusal(address); !kind.empty()) {
      last = failure(
          target, NetError::kAddressRefused,
          address.to_string() + " is a " + std::string(kind) + " address, which drains.allow_cidrs does not name");
      --left;
      continue;
    }
    // An address that swallows packets leaves time for those behind it.
    const Duration share = (until - shard_.now()) / static_cast<std::int64_t>(left--);
    if (share <= Duration::zero()) co_return failure(target, NetError::kTimedOut, {});
    TcpSocket socket(shard_.executor());
    ConnectLimit limit(shard_, socket, share);
    const asio::ip::tcp::endpoint endpoint(address, target.port);
    const auto [failed] = co_await socket.async_connect(endpoint, use_tuple);
    if (!failed && socket.is_open()) {
      set_options(socket);
      co_return std::move(socket);
    }
    const bool too_late = failed == asio::error::operation_aborted;
    last = failure(target, too_late ? NetError::kTimedOut : NetError::kConnectFailed, too_late ? "" : failed.message());
  }
  co_return last;
}

Task<result<std::unique_ptr<ByteStream>, Error>> Dialer::dial(DialTarget target, Duration timeout) {
  const SteadyTime until = shard_.now() + timeout;
  const std::string host = without_brackets(target.host);
  auto addresses = co_await resolver_.resolve(host, timeout);
  if (!addresses) co_return failure(target, addresses.error().code, addresses.error().text());
  auto socket = co_await connect(target, *addresses, until);
  if (!socket) co_return socket.error();
  if (target.tls == nullptr) co_return std::unique_ptr<ByteStream>(std::make_unique<TcpStream>(std::move(*socket)));
  auto stream =
      co_await connect_tls(std::move(*socket), target.tls, host, std::max<Duration>(until - shard_.now(), {}));
  if (!stream) co_return failure(target, stream.error().code, stream.error().text());
  co_return std::move(*stream);
}

}  // namespace sluice
