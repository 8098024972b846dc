#include "logplex/net/tls/blocking_stream.hpp"

#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

#include <boost/asio/error.hpp>

#include "logplex/net/blocking_socket.hpp"
#include "logplex/net/tls/tls_blocking.hpp"

namespace sluice {
namespace {

using std::chrono::milliseconds;
using Addresses = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

error_code last_error() { return {errno, boost::system::system_category()}; }

bool is_would_block() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

class PlainBlockingStream final : public BlockingStream {
 public:
  explicit PlainBlockingStream(BlockingSocket socket) : socket_(std::move(socket)) {}

  void set_patience(milliseconds patience) override { socket_.set_patience(patience); }

  result<std::size_t> read_some(std::span<char> into) override {
    while (true) {
      const ssize_t size = ::recv(socket_.fd(), into.data(), into.size(), 0);
      if (size > 0) return static_cast<std::size_t>(size);
      if (size == 0) return make_error_code(boost::asio::error::eof);
      if (!is_would_block()) return last_error();
      SLUICE_TRY_VOID(socket_.wait(POLLIN));
    }
  }

  result<std::size_t> write_some(std::string_view bytes) override {
    while (true) {
      const ssize_t size = ::send(socket_.fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (size >= 0) return static_cast<std::size_t>(size);
      if (!is_would_block()) return last_error();
      SLUICE_TRY_VOID(socket_.wait(POLLOUT));
    }
  }

 private:
  BlockingSocket socket_;
};

result<Addresses, Error> resolve_blocking(const std::string& host, const std::string& port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int failed = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &found);
  if (failed != 0) return Error{NetError::kNoSuchHost, ::gai_strerror(failed)};
  return Addresses(found, &::freeaddrinfo);
}

error_code result_of_connecting(int fd) {
  int failed = 0;
  socklen_t size = sizeof failed;
  if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &failed, &size) != 0) return last_error();
  return {failed, boost::system::system_category()};
}

void set_options(int fd) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
}

result<BlockingSocket> connect_to(const addrinfo& address, milliseconds patience) {
  UniqueFd fd(::socket(address.ai_family, address.ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, address.ai_protocol));
  if (!fd) return last_error();
  BlockingSocket socket(std::move(fd), patience);
  if (::connect(socket.fd(), address.ai_addr, address.ai_addrlen) != 0) {
    if (errno != EINPROGRESS) return last_error();
    SLUICE_TRY_VOID(socket.wait(POLLOUT));
    if (const error_code failed = result_of_connecting(socket.fd())) return failed;
  }
  set_options(socket.fd());
  return socket;
}

}  // namespace

result<void> BlockingSocket::wait(short events) const {
  const auto until = std::chrono::steady_clock::now() + patience_;
  while (true) {
    const auto left = std::chrono::ceil<milliseconds>(until - std::chrono::steady_clock::now());
    pollfd waiting{fd_.fd(), events, 0};
    const int ready = ::poll(&waiting, 1, static_cast<int>(std::max<milliseconds::rep>(left.count(), 0)));
    if (ready > 0) return {};
    if (ready == 0) return make_error_code(NetError::kTimedOut);
    if (errno != EINTR) return last_error();
  }
}

result<BlockingSocket, Error> connect_socket(const std::string& host, const std::string& port, milliseconds patience) {
  SLUICE_TRY(const auto addresses, resolve_blocking(host, port));
  error_code last = make_error_code(NetError::kNoSuchHost);
  for (const addrinfo* address = addresses.get(); address != nullptr; address = address->ai_next) {
    auto connected = connect_to(*address, patience);
    if (connected.has_value()) return std::move(connected).value();
    last = connected.error();
  }
  if (last == NetError::kTimedOut) return Error{last, "no answer in time"};
  return Error{NetError::kConnectFailed, last.message()};
}

result<std::unique_ptr<BlockingStream>, Error> connect_blocking(const std::string& host, const std::string& port,
                                                                std::shared_ptr<const TlsContext> tls,
                                                                milliseconds patience) {
  SLUICE_TRY(auto socket, connect_socket(host, port, patience));
  if (tls) return connect_blocking_tls(std::move(socket), std::move(tls), host);
  return std::unique_ptr<BlockingStream>(std::make_unique<PlainBlockingStream>(std::move(socket)));
}

}  // namespace sluice
