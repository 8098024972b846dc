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

/// What a TLS handshake agreed on, and the peer's certificate.
struct TlsFacts {
  std::string version;  // "TLSv1.3"
  std::string cipher;
  std::string subject;  // of the peer's certificate, RFC 2253
  std::string issuer;
  WallTime not_before{};
  WallTime not_after{};
};

/// What hear_out() found.
enum class Heard {
  kNothing,  // nothing, or bytes, which were discarded
  kEnd,      // the peer closed its direction properly
  kReset,    // the connection broke: what the peer had not read is lost
};

/// A connected byte stream, plain or TLS, of a client or a server. One read and one write may be under way at a time;
/// close() ends both with operation_aborted. Lives on the shard that dialled or accepted it.
class ByteStream {
 public:
  virtual ~ByteStream() = default;

  /// Reads at least one byte. Errors: asio::error::eof at the end, others as the socket gives them.
  virtual Task<result<std::size_t>> read_some(std::span<char> into) = 0;
  /// Sends all parts, as one piece where possible; returns when the kernel has taken every byte. Until then the bytes
  /// must stay valid.
  virtual Task<result<void>> write_parts(std::span<const std::string_view> parts) = 0;
  Task<result<void>> write_all(std::string_view first, std::string_view second = {});
  /// Writes as many bytes as the kernel takes without waiting, and returns their number. Returns 0 while the kernel's
  /// buffer is full, over TLS, and when the connection broke (the next write_all() reports it). Not while a write is
  /// under way.
  virtual std::size_t write_now(std::string_view bytes) {
    static_cast<void>(bytes);
    return 0;
  }
  /// Sends close_notify (TLS), then closes our direction. Does not wait for the peer to close its own.
  virtual Task<void> shutdown() = 0;
  /// Closes the connection at once. Later calls fail.
  virtual void close() = 0;

  virtual bool is_open() const = 0;
  /// Facts of the handshake; nullptr when plain.
  virtual const TlsFacts* tls() const { return nullptr; }
  virtual asio::ip::tcp::endpoint remote() const = 0;

  /// True while the connection is open and nothing from the peer is unread, neither bytes nor its end. Only such a
  /// connection may carry another request.
  virtual bool is_quiet() { return is_open() && !has_news(); }
  /// Reads and discards what has arrived, at most kHearMax bytes, without waiting. For protocols in which the peer
  /// sends nothing: unread bytes at the close would reset the connection.
  virtual Heard hear_out() = 0;

  /// Bytes that the peer's TCP has not acknowledged yet (SIOCOUTQ).
  std::size_t unacked_bytes() const;
  /// True when the peer closed its direction or the connection broke, even if earlier bytes are still unread.
  bool peer_closed() const;
  /// True when the kernel holds something unread: bytes, the peer's end or an error.
  bool has_news() const;

 protected:
  static constexpr std::size_t kHearMax = 64 << 10;

  virtual int fd() const = 0;
};

/// The time limit of one logical step: closes the stream when `time` has passed, unless destroyed before. A busy shard
/// may be late to read what the peer sent in time. So the limit is extended while bytes of the peer are unread, by
/// `time` at most.
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
