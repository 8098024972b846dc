#pragma once

#include <cstdint>
#include <deque>
#include <memory>

#include "drains/kinds/receiver_link.hpp"

namespace sluice::drains {

/// Writes frames to a TCP or TLS connection, one after the other. A frame is confirmed when the peer's TCP has
/// acknowledged its last byte:
///
///     written_ |---- confirmed ----|-- frame --|-- frame --|     ends_ = where each unconfirmed frame ends
///                                  ^ written_ - unacknowledged (SIOCOUTQ)
///
/// With TLS the send queue also holds the record overhead, so frames are confirmed late but never early.
///
/// A peer's TCP also acknowledges bytes that no program reads: a load balancer without receivers accepts connections
/// and resets them. So a new connection has to prove itself. Until it has been open for kProofTime, it confirms only
/// frames that end more than kUnreadAtMost before the last acknowledged byte: so much cannot pile up unread. If it is
/// reset before that time, all its other frames are sent again. Later, bytes that the receiver's TCP acknowledges but
/// its program never reads are lost unnoticed: syslog has no replies.
///
/// The transport disconnects a receiver that acknowledges nothing for drains.syslog_send_timeout. It reads and discards
/// whatever the receiver sends: unread bytes would reset the connection when we close it.
class SyslogTransport final : public Transport, private Windowed {
 public:
  SyslogTransport(const DrainEnvironment& environment, const Drain& drain, Destination destination);

  Task<SendReport> send(const Frame& frame) override;
  Windowed* windowed() override { return this; }
  bool tells_ids() const override { return false; }
  void tend() override;
  void close() override;
  const TlsFacts* tls() const override { return link_.tls(); }

  /// Long enough for a load balancer to notice that it has no receivers.
  static constexpr std::chrono::seconds kProofTime{1};
  /// More than the buffers of a peer's TCP and of a load balancer hold while nobody reads: Linux takes 128 KiB, and
  /// grows a buffer only for a program that reads (tcp_rmem in tcp(7)). Kept small, because each new connection keeps
  /// so many bytes of frames in memory.
  static constexpr std::uint64_t kUnreadAtMost = 3 << 20;

 private:
  // Windowed
  /// Once the connection is too old, shrinks to the frames under way, so that no new ones are sent and the connection
  /// can be replaced.
  std::size_t window() const override;
  std::size_t take_confirmed() override;
  bool broken() const override { return broken_; }
  bool send_now(const Frame& frame) override;
  std::size_t arrived() const override;
  Duration confirm_poll() const override;

  Task<result<void, Error>> ensure_connected();
  Task<result<void, Error>> write(std::string_view bytes);
  void write_what_fits(const Frame& frame);
  void note_sent(const Frame& frame);
  bool usable() const;
  bool is_stuck() const;
  std::size_t count_confirmed();
  void note_acknowledged();
  Heard look_for_proof();
  void lose_connection();

  ReceiverLink link_;
  const std::string token_;
  std::unique_ptr<ByteStream> stream_;
  std::uint64_t written_ = 0;  // bytes of frames given to this connection
  std::size_t begun_ = 0;      // bytes of the next frame already written
  std::deque<std::uint64_t> ends_;
  std::uint64_t acknowledged_ = 0;
  SteadyTime progress_at_{};  // when acknowledged_ last grew
  SteadyTime proven_at_{};
  bool proven_ = true;  // the connection has proved itself
  bool slow_ = false;   // the receiver did not take a whole frame in time
  bool broken_ = false;
};

}  // namespace sluice::drains
