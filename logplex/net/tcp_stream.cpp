#include "logplex/net/tcp_stream.hpp"

#include <sys/socket.h>

#include <boost/asio/write.hpp>

namespace sluice {

TcpStream::TcpStream(TcpSocket socket) : socket_(std::move(socket)) {
  error_code ignored;
  remote_ = socket_.remote_endpoint(ignored);
}

Task<result<std::size_t>> TcpStream::read_some(std::span<char> into) {
  const auto [failed, got] = co_await socket_.async_read_some(asio::buffer(into.data(), into.size()), use_tuple);
  if (failed) co_return failed;
  co_return got;
}

Task<result<void>> TcpStream::write_all(std::string_view first, std::string_view second) {
  const std::array<asio::const_buffer, 2> parts{asio::buffer(first.data(), first.size()),
                                                asio::buffer(second.data(), second.size())};
  const auto [failed, sent] = co_await asio::async_write(socket_, parts, use_tuple);
  if (failed) co_return failed;
  co_return result<void>();
}

std::size_t TcpStream::write_now(std::string_view bytes) {
  const ssize_t sent = ::send(fd(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  return sent < 0 ? 0 : static_cast<std::size_t>(sent);
}

Task<void> TcpStream::shutdown() {
  error_code ignored;
  socket_.shutdown(TcpSocket::shutdown_send, ignored);
  co_return;
}

void TcpStream::close() {
  error_code ignored;
  socket_.close(ignored);
}

}  // namespace sluice
