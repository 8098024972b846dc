#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <openssl/ssl.h>

#include "logplex/base/units.hpp"
#include "logplex/net/net_error.hpp"
#include "logplex/net/stream.hpp"
#include "logplex/net/tls/tls_context.hpp"

namespace sluice {

/// The memory charged for a connection: 19.9 KB of heap after the handshake (OpenSSL 3.0, 2026-11-29;
/// TlsMemory.a_connection_takes_what_is_charged), without what all connections of a context share, and some for its
/// stream.
inline constexpr Bytes kTlsConnectionBytes{24 << 10};

/// OpenSSL's side of one connection, as client or server: its context says which.
///
///     handshake: peer's bytes -> give() -> shake() -> take_output() -> peer
///     afterwards: read() and write() on the socket itself
///
/// During the handshake it touches no socket, so that shake(), which may sign and check signatures for milliseconds,
/// can run on another thread. One thread at a time; the last owner may destroy it on any thread.
class TlsSession {
 public:
  explicit TlsSession(std::shared_ptr<const TlsContext> context);
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;
  ~TlsSession();

  /// For a client: sends the name as SNI, unless it is an address, and requires it in the certificate.
  result<void, Error> expect_name(const std::string& name);

  enum class Step { kDone, kWantsInput, kFailed };
  /// Continues the handshake as far as the given bytes allow. Adds to cpu().
  Step shake();
  void give(std::string_view bytes) { input_.append(bytes); }
  std::string take_output() { return std::exchange(output_, {}); }
  /// After kFailed.
  const Error& error() const { return error_; }
  /// CPU time that the handshake has taken so far.
  Duration cpu() const { return cpu_; }
  TlsFacts facts() const;

  /// Call it after kDone: reads and writes then use this descriptor, after the bytes given before.
  void attach(int fd) { fd_ = fd; }
  enum class Wait { kNothing, kReadable, kWritable };
  /// How many bytes a call moved; if 0, either what to wait for or why it failed.
  struct Moved {
    std::size_t bytes = 0;
    Wait wait = Wait::kNothing;
    error_code failed;
  };
  Moved read(std::span<char> into);
  Moved write(std::string_view bytes);
  /// True when bytes of the peer are unread, or its end or a failure; takes nothing.
  bool has_input();
  /// Sends close_notify if the socket takes it at once.
  void say_goodbye();

 private:
  struct Bio;

  int read_raw(char* into, int size);
  int write_raw(const char* bytes, int size);
  Moved after(int done);
  void note_failure();

  std::shared_ptr<const TlsContext> context_;
  std::string input_;
  std::size_t taken_ = 0;  // bytes of input_ that OpenSSL has
  std::string output_;
  int fd_ = -1;
  bool ended_ = false;
  error_code broken_;
  Error error_;
  Duration cpu_{};
  std::unique_ptr<SSL, decltype(&::SSL_free)> ssl_;
};

}  // namespace sluice
