#include "logplex/net/dial/dial.hpp"

#include <poll.h>

#include <algorithm>

#include <boost/asio/error.hpp>
#include <boost/asio/socket_base.hpp>

#include "logplex/net/tcp_stream.hpp"
#include "logplex/net/tls/tls_stream.hpp"

namespace sluice {
namespace {

/// Closes the socket when the time has passed, unless the connect is over and the busy shard has not noticed it yet.
class ConnectLimit {
 public:
  ConnectLimit(Shard& shard, TcpSocket& socket, Duration time) : socket_(socket), deadline_(shard.wheel(), *this) {
    deadline_.arm(time);
  }

 private:
  void on_time() {
    if (!socket_.is_open()) return;
    pollfd state{socket_.native_handle(), POLLOUT, 0};
    error_code ignored;
    if (::poll(&state, 1, 0) == 0) socket_.close(ignored);
  }

  TcpSocket& socket_;
  Deadline<&ConnectLimit::on_time> deadline_;
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

/// Connects to the first allowed address that answers. `until` is for all of them together.
Task<result<TcpSocket, Error>> Dialer::connect(const DialTarget& target, const Resolver::Addresses& addresses,
                                               SteadyTime until) {
  Error last = failure(target, NetError::kConnectFailed, "the host name has no address");
  std::size_t left = addresses.size();
  for (const auto& address : addresses) {
    if (const auto why = guard_.refusal(address, target.port); !why.empty()) {
      last = failure(target, NetError::kAddressRefused, why);
      --left;
      continue;
    }
    // Shares the time, so that an address that drops packets leaves some for the next ones.
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
  NameQuery query{host, target.owner, timeout};
  auto addresses = co_await resolver_.resolve(std::move(query));
  if (!addresses) co_return failure(target, addresses.error().code, addresses.error().text());
  auto socket = co_await connect(target, *addresses, until);
  if (!socket) co_return socket.error();
  if (target.tls == nullptr) co_return std::unique_ptr<ByteStream>(std::make_unique<TcpStream>(std::move(*socket)));
  const Duration patience = std::max<Duration>(until - shard_.now(), timeout / 2);
  auto stream = co_await connect_tls(std::move(*socket), target.tls, host, patience, handshakes_, target.owner,
                                     target.handshake_cpu);
  if (!stream) co_return failure(target, stream.error().code, stream.error().text());
  co_return std::move(*stream);
}

}  // namespace sluice
