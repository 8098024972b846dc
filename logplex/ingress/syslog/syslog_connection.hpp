#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "logplex/ingress/refusals.hpp"
#include "logplex/ingress/syslog/syslog_server.hpp"
#include "logplex/net/listener.hpp"
#include "logplex/net/socket.hpp"
#include "logplex/net/unproven.hpp"
#include "logplex/runtime/memory_account.hpp"
#include "logplex/runtime/poller.hpp"
#include "logplex/runtime/shard.hpp"
#include "logplex/runtime/turn_work.hpp"
#include "logplex/runtime/wheel.hpp"
#include "logplex/wire/syslog_splitter.hpp"

namespace sluice::ingress {

/// One sender. Reads when its socket has bytes, splits them into messages and hands them to the intake.
///
///     kReading --(memory short)--> kPaused --(time)--> kReading
///     either --(closed, error, a message that takes too long or cannot be found, no token in time)--> kClosed
///
/// Until it has sent a line with a valid token, it is in the server's UnprovenList. Owned by its server, on the
/// server's shard; retired, not destroyed, when it closes.
class SyslogConnection final : public Pollable, public Retired, public ReadsOn, private Unproven, private MemoryHolder {
 public:
  SyslogConnection(SyslogServer& server, UniqueFd fd, const Peer& peer, ConnectionTicket ticket, std::size_t index);
  ~SyslogConnection() override;

  /// Watches the socket. False when the kernel refuses: then destroy the connection.
  bool start();
  /// From now on the sender has to show a valid token.
  void ask_for_proof();
  void on_events(std::uint32_t events) override;
  /// Reads once, at most one buffer, or continues with what was read before: at most about a slice of work.
  void read();
  void read_on() override;
  /// Reads what has arrived until nothing more is there, then closes.
  void stop();
  void close();

  std::size_t index() const { return index_; }
  void set_index(std::size_t index) { index_ = index; }

 private:
  friend class SyslogServer;
  enum class State : std::uint8_t { kReading, kPaused, kClosed };

  /// How long to wait for more after a line whose last byte is NUL: some senders end a message with NUL, and nothing
  /// follows.
  static constexpr std::chrono::milliseconds kNulTime{200};
  /// Bytes still read of a sender who goes on sending while the server stops: about what the kernels of both sides
  /// hold.
  static constexpr std::size_t kMostAtStop = 4 << 20;

  void on_deadline();
  void read_now();
  void on_not_proven(NotProven why) override;
  bool has_unread() override;
  void give_up_memory(MemoryClass of) override;
  void keep(std::string_view bytes);
  std::size_t put_back_kept(char* buffer);
  void take_in(std::string_view bytes);
  void take_kept(std::string_view kept);
  bool take_items();
  Work take_some(SyslogSplitter::Step& last);
  std::size_t append(std::span<const std::string_view> messages);
  void take_rest();
  void after_read(bool drained);
  void read_on_later();
  void limit_message();
  void pause(Duration time);
  void on_message_time();
  void end_of_input(bool orderly);
  void refuse(Refusal why);

  SyslogServer& server_;
  UniqueFd fd_;
  ConnectionTicket ticket_;
  const Peer peer_;
  std::size_t index_;
  SyslogSplitter splitter_;
  std::string kept_;  // the beginning of a message, or all that is unfinished; empty between messages
  MemoryCharge kept_charge_;
  Deadline<&SyslogConnection::on_deadline> deadline_;  // of the message that has begun, or of the pause
  State state_ = State::kReading;
  bool readable_ = false;         // unread bytes may be there that the poller will not report again
  bool half_closed_ = false;      // the sender has closed its side: read to the end
  bool unfinished_ = false;       // kept_ may hold complete messages: process these before reading
  bool proven_ = false;           // the sender has shown a valid token
  bool waits_for_end_ = false;    // deadline_ is that of kNulTime
  bool message_ended_ = false;    // since the last look: another message may have begun
  std::size_t left_at_stop_ = 0;  // bytes that are still read after the server has begun to stop
  SteadyTime message_until_{};
};

}  // namespace sluice::ingress
