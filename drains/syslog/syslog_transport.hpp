#pragma once

#include <cstdint>
#include <deque>
#include <memory>

#include "drains/kinds/receiver_link.hpp"

namespace sluice::drains {

/// Frames written to a TCP or TLS connection one behind the other. A frame is confirmed when the peer's TCP has
/// acknowledged its last byte:
///
///     written_ |---- confirmed ----|-- frame --|-- frame --|     ends_ = where each unconfirmed frame ends
///                                  ^ written_ - unacknowledged (SIOCOUTQ)
///
/// For TLS the queue also holds the records' own bytes, so that frames are confirmed late but never early.
///
/// A peer's TCP also acknowledges what nobody reads: a balancer without receivers takes connections and resets them.
/// So a new connection proves itself. Before it has stood for kProofTime it confirms only frames that lie more than
/// kUnreadAtMost before the last acknowledged byte: somebody reads there. When it is reset before that, all its other
/// frames are sent again. What a receiver's TCP has acknowledged later, and its program never reads, is lost unseen:
/// syslog has no answers.
///
/// A receiver that acknowledges nothing for drains.syslog_send_timeout is disconnected. What it says is read and thrown
/// away: unread, it would reset the connection when we close it.
class SyslogTransport final : public Transport {
 public:
  SyslogTransport(const DrainEnvironment& environment, const Drain& drain, Destination destination);

  Task<SendReport> send(const Frame& frame) override;
  bool send_now(const Frame& frame) override;
  bool tells_ids() const override { return false; }
  /// Shrinks to what is under way when the connection is too old, so that it comes to rest and is replaced.
  std::size_t window() const override;
  std::size_t take_confirmed() override;
  std::size_t arrived() const override;
  bool broken() const override { return broken_; }
  Duration confirm_poll() const override;
  void tend() override;
  void close() override;
  const TlsFacts* tls() const override { return link_.tls(); }

  /// Long enough for a balancer to find that it has no receivers.
  static constexpr std::chrono::seconds kProofTime{1};
  /// More than a peer's TCP and a balancer's buffers take while nobody reads: Linux takes 128 KiB, and lets a buffer
  /// grow only for a program that reads (tcp_rmem in tcp(7)). Kept small, because each new connection has so much in
  /// memory.
  static constexpr std::uint64_t kUnreadAtMost = 3 << 20;

 private:
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
  std::size_t begun_ = 0;      // bytes of the next frame that this connection has already
  std::deque<std::uint64_t> ends_;
  std::uint64_t acknowledged_ = 0;
  SteadyTime progress_at_{};  // when acknowledged_ last grew
  SteadyTime proven_at_{};
  bool proven_ = true;  // the connection has stood long enough
  bool slow_ = false;   // did not take a whole frame in time
  bool broken_ = false;
};

}  // namespace sluice::drains
