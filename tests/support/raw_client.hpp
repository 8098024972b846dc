#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "logplex/net/socket.hpp"

namespace sluice {

/// A blocking TCP connection for tests, with a limit of ten seconds on everything.
class RawClient {
 public:
  /// Connects to 127.0.0.1.
  explicit RawClient(std::uint16_t port);
  /// Takes over a connected socket.
  explicit RawClient(UniqueFd fd);

  bool send(std::string_view bytes);
  /// What is there, at least a byte; empty at the end of the stream, on a reset and after ten seconds.
  std::string read_some();
  /// Until `ending` was read, or the end.
  std::string read_until(std::string_view ending);
  /// Exactly that many bytes, or fewer at the end.
  std::string read_bytes(std::size_t size);
  /// To the end of the stream.
  std::string read_all();
  /// A whole HTTP response with Content-Length or without body: head and body.
  std::string read_response();
  void half_close();
  void close() { fd_.reset(); }
  int fd() const { return fd_.fd(); }

 private:
  UniqueFd fd_;
  std::string ahead_;
};

/// A listening socket on 127.0.0.1 for tests.
class RawListener {
 public:
  explicit RawListener(std::uint16_t port = 0);
  std::uint16_t port() const { return port_; }
  /// Waits up to ten seconds.
  RawClient accept();
  int fd() const { return fd_.fd(); }
  void close() { fd_.reset(); }

 private:
  UniqueFd fd_;
  std::uint16_t port_ = 0;
};

/// A port of 127.0.0.1 where nobody listens. Until the process ends, the kernel gives it to no listener and to no
/// connection that asks for any port; who asks for this one, with SO_REUSEADDR as servers do, can listen there. From
/// any thread.
std::uint16_t free_port();

}  // namespace sluice
