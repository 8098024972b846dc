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

/// What a connection is charged: 19.9 KB of the heap once it has shaken hands, beside what all connections of a context
/// share (OpenSSL 3.0, 2026-11-29; TlsMemory.a_connection_takes_what_is_charged), and some for its stream.
inline constexpr Bytes kTlsConnectionBytes{24 << 10};

/// OpenSSL's side of one client connection.
///
///     handshake: peer's bytes -> give() -> shake() -> take_output() -> peer
///     afterwards: read() and write() on the socket itself
///
/// While it shakes hands it touches no socket, so that shake(), which may sign and check signatures for milliseconds,
/// can run on another thread. One thread at a time; whoever lets go last destroys it, on any thread.
class TlsSession {
 public:
  explicit TlsSession(std::shared_ptr<const TlsContext> context);
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;
  ~TlsSession();

  /// Sends the name as SNI, unless it is an address, and asks for it in the certificate.
  result<void, Error> expect_name(const std::string& name);

  enum class Step { kDone, kWantsInput, kFailed };
  /// As far as the bytes that were given allow. Adds to cpu().
  Step shake();
  void give(std::string_view bytes) { input_.append(bytes); }
  std::string take_output() { return std::exchange(output_, {}); }
  /// After kFailed.
  const Error& error() const { return error_; }
  /// Time of a processor that the handshake has taken so far.
  Duration cpu() const { return cpu_; }
  TlsFacts facts() const;

  /// After kDone: from now on bytes come from this descriptor, behind those that were given.
  void attach(int fd) { fd_ = fd; }
  enum class Wait { kNothing, kReadable, kWritable };
  /// What a call moved; with 0 bytes, either what to wait for or why it failed.
  struct Moved {
    std::size_t bytes = 0;
    Wait wait = Wait::kNothing;
    error_code failed;
  };
  Moved read(std::span<char> into);
  Moved write(std::string_view bytes);
  /// Whether bytes of the peer wait, without taking them. An end or a failure counts too.
  bool has_input();
  /// Sends close_notify, when the socket takes it at once.
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
