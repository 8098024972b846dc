#include "logplex/net/tcp_stream.hpp"

#include <sys/socket.h>

#include <cerrno>

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

Task<result<void>> TcpStream::write_parts(std::span<const std::string_view> parts) {
  std::array<asio::const_buffer, 4> buffers;
  SLUICE_CHECK(parts.size() <= buffers.size());
  for (std::size_t i = 0; i < parts.size(); ++i) buffers[i] = asio::buffer(parts[i].data(), parts[i].size());
  const auto [failed, sent] = co_await asio::async_write(socket_, buffers, use_tuple);
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

/// The kernel drops the bytes without a copy (MSG_TRUNC, tcp(7)).
Heard TcpStream::hear_out() {
  if (!is_open()) return Heard::kReset;
  const ssize_t heard = ::recv(fd(), nullptr, kHearMax, MSG_DONTWAIT | MSG_TRUNC);
  if (heard == 0) return Heard::kEnd;
  return heard < 0 && errno != EAGAIN && errno != EINTR ? Heard::kReset : Heard::kNothing;
}

void TcpStream::close() {
  error_code ignored;
  socket_.close(ignored);
}

}  // namespace sluice
