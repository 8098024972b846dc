#pragma once

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <boost/asio/buffer.hpp>

#include "logplex/net/socket.hpp"
#include "logplex/runtime/shard.hpp"

namespace sluice {

/// What a TLS connection turned out to be.
struct TlsFacts {
  std::string version;  // "TLSv1.3"
  std::string cipher;
  std::string subject;  // of the peer's certificate, RFC 2253
  std::string issuer;
  WallTime not_before{};
  WallTime not_after{};
};

/// What a peer said that nobody asked.
enum class Heard {
  kNothing,  // nothing, or bytes that are thrown away now
  kEnd,      // it closed its direction in order
  kReset,    // it broke the connection: what it had not read is lost
};

/// A connected client byte stream, plain or TLS. One read and one write may be under way at a time; close() ends both
/// with operation_aborted. Lives on the shard that dialled it.
class ByteStream {
 public:
  virtual ~ByteStream() = default;

  /// At least one byte. Errors: asio::error::eof at the end, others as the socket gives them.
  virtual Task<result<std::size_t>> read_some(std::span<char> into) = 0;
  /// Returns when the kernel took every byte of all parts, sent as one piece where possible. The bytes must stay.
  virtual Task<result<void>> write_parts(std::span<const std::string_view> parts) = 0;
  Task<result<void>> write_all(std::string_view first, std::string_view second = {});
  /// Gives the kernel what it takes without waiting and returns how many bytes that was: none while its buffer is full,
  /// when the connection broke (the next write_all says so) and over TLS. Not while a write is under way.
  virtual std::size_t write_now(std::string_view bytes) {
    static_cast<void>(bytes);
    return 0;
  }
  /// Says goodbye: close_notify in TLS, then the end of our direction. Does not wait for the peer's.
  virtual Task<void> shutdown() = 0;
  /// Ends everything now. Later calls fail.
  virtual void close() = 0;

  virtual bool is_open() const = 0;
  /// Facts of the handshake; nullptr when plain.
  virtual const TlsFacts* tls() const { return nullptr; }
  virtual asio::ip::tcp::endpoint remote() const = 0;

  /// True while the connection stands and nothing has come that nobody has read: no bytes and no end. Only such a
  /// connection may carry another request.
  virtual bool is_quiet() { return is_open() && !has_news(); }
  /// Reads and throws away what has come, at most kHearMax bytes; does not wait. For protocols in which the peer has
  /// nothing to say: what is unread when we close would reset the connection.
  virtual Heard hear_out() = 0;

  /// Bytes that the peer's TCP has not acknowledged yet (SIOCOUTQ).
  std::size_t unacked_bytes() const;
  /// True when the peer closed its direction or the connection broke, also when bytes before that are unread.
  bool peer_closed() const;
  /// True when the kernel has something for us that was not read: bytes, an end or an error.
  bool has_news() const;
  /// Reads and forgets what the peer sends; returns when it closes or close() is called. For protocols in which the
  /// peer has nothing to say: run it beside the writes to learn of the end at once.
  Task<error_code> discard_until_closed();

 protected:
  static constexpr std::size_t kHearMax = 64 << 10;

  virtual int fd() const = 0;
};

/// Closes the stream when the time passes, unless destroyed before: the limit of one logical step. The time in which a
/// busy shard could not look does not count: while bytes of the peer wait to be read it goes on, once as long at most.
class CloseAfter {
 public:
  CloseAfter(ByteStream& stream, Duration time);
  CloseAfter(const CloseAfter&) = delete;
  CloseAfter& operator=(const CloseAfter&) = delete;

  bool fired() const { return fired_; }

 private:
  void on_time();

  ByteStream& stream_;
  Duration grace_;
  bool fired_ = false;
  Deadline<&CloseAfter::on_time> deadline_;
};

}  // namespace sluice
