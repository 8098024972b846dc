#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "logplex/ingress/refusals.hpp"
#include "logplex/ingress/syslog_server.hpp"
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
/// Until it has brought a line with a valid token it is in the server's UnprovenList. Owned by its server, on the
/// server's shard; retired, not destroyed, when it closes.
class SyslogConnection final : public Pollable, public Retired, public ReadsOn, private Unproven, private MemoryHolder {
 public:
  SyslogConnection(SyslogServer& server, UniqueFd fd, const Peer& peer, ConnectionTicket ticket, std::size_t index);
  ~SyslogConnection() override;

  /// Watches the socket. False when the kernel refuses: then it is to be destroyed.
  bool start();
  /// It has to bring a valid token from now on.
  void ask_for_proof();
  void on_events(std::uint32_t events) override;
  /// Reads once, at most one buffer, or goes on with what was read: at most about a slice of work.
  void read();
  void read_on() override;
  /// Reads what has arrived, to the first moment without more bytes, and closes.
  void stop();
  void close();

  std::size_t index() const { return index_; }
  void set_index(std::size_t index) { index_ = index; }

 private:
  friend class SyslogServer;
  enum class State : std::uint8_t { kReading, kPaused, kClosed };

  /// How long a line whose last byte is NUL is waited on: some senders end with it, and nothing follows.
  static constexpr std::chrono::milliseconds kNulTime{200};
  /// Read of a sender who goes on sending when the server stops: what kernels hold on both sides.
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
  bool readable_ = false;         // bytes may be there that no edge will announce again
  bool half_closed_ = false;      // the sender has ended: read to the end
  bool unfinished_ = false;       // more than a message may be kept: it goes on with that before it reads
  bool proven_ = false;           // it has brought a valid token
  bool waits_for_end_ = false;    // deadline_ is kNulTime's
  bool message_ended_ = false;    // by what was read last: another one may have begun
  std::size_t left_at_stop_ = 0;  // bytes that are still read after the server was told to stop
  SteadyTime message_until_{};
};

}  // namespace sluice::ingress
