#pragma once

#include "logplex/net/stream.hpp"

namespace sluice {

/// A ByteStream over plain TCP.
class TcpStream final : public ByteStream {
 public:
  explicit TcpStream(TcpSocket socket);

  Task<result<std::size_t>> read_some(std::span<char> into) override;
  Task<result<void>> write_parts(std::span<const std::string_view> parts) override;
  std::size_t write_now(std::string_view bytes) override;
  Task<void> shutdown() override;
  void close() override;
  Heard hear_out() override;
  bool is_open() const override { return socket_.is_open(); }
  asio::ip::tcp::endpoint remote() const override { return remote_; }

 protected:
  int fd() const override { return socket_.is_open() ? const_cast<TcpSocket&>(socket_).native_handle() : -1; }

 private:
  TcpSocket socket_;
  asio::ip::tcp::endpoint remote_;
};

}  // namespace sluice
