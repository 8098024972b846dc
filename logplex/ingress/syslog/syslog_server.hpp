#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include <boost/intrusive/list.hpp>

#include "logplex/base/settings.hpp"
#include "logplex/ingress/intake.hpp"
#include "logplex/net/listener.hpp"
#include "logplex/runtime/event.hpp"
#include "logplex/runtime/turn_work.hpp"

namespace sluice {
class UnprovenList;
}  // namespace sluice

namespace sluice::ingress {

class SyslogConnection;

/// A connection that has more to read. Leaves its queue when destroyed.
class ReadsOn : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  virtual void read_on() = 0;

 protected:
  virtual ~ReadsOn() = default;
};

struct SyslogServerCounters {
  std::uint64_t connections = 0;  // since the start
  std::uint64_t idle_closed = 0;  // a message took too long
  std::uint64_t cut_short = 0;    // closed by the sender in the middle of a frame
  std::uint64_t paused = 0;       // times that reading stopped because memory was short
};

/// TCP syslog, in both framings of RFC 6587, each line addressed by the token in its app-name field.
///
/// Connections are read on the shard's poller into one buffer of 256 KiB that they share (0.18 us a line against 0.28
/// with 16 KiB, 2026-11-22); a connection keeps bytes of its own only while a frame is incomplete, or when its bytes
/// need more than one slice of work: a full buffer of frames of one byte would take 3.6 ms. While memory is short for a
/// channel, the connection that feeds it is not read, so that TCP slows down its sender.
///
/// Connections are read twice in a turn, one slice each, until kTurnWork is used up: first those whose bytes have just
/// arrived, and at the end of the turn those that have more, in the order in which they asked. So a sender with one
/// line does not wait behind those that send all the time, and delivery keeps up.
///
/// A connection that has sent no line with a valid token is in `unproven`, which closes it after a while, or when there
/// are too many. One that has sent such a line stays, however long it is silent between messages. A message has
/// ingress.idle_timeout from its first byte to its last.
///
/// One per shard, on that shard; intake and the list outlive it. cancel() before it is destroyed.
class SyslogServer final : public ConnectionHandler, public OnShard, private TurnHook {
 public:
  static constexpr std::size_t kReadSize = 256 << 10;
  /// Two reads of ordinary lines.
  static constexpr Work kTurnWork = 600'000;
  /// For one connection in a row: one read of ordinary lines.
  static constexpr Work kSlice = 400'000;
  /// For a line that was taken, beside its bytes.
  static constexpr Work kLineWork = 180;
  /// For any other item: more than the 40 ns that it takes, so that such items get less of a turn than lines do.
  static constexpr Work kNothingWork = 150;

  /// Without a list every connection may stay.
  SyslogServer(Shard& shard, const IngressSettings& settings, Intake& intake, UnprovenList* unproven = nullptr);
  ~SyslogServer() override;

  void on_accepted(int fd, const Peer& peer, ConnectionTicket ticket) override;
  /// Reads what has arrived by now, in this turn and the next ones, then closes the connections.
  void stop_accepting();
  /// Returns when the last connection is closed.
  Task<void> finished();
  /// Closes all of them now.
  void cancel();

  std::size_t connections() const { return connections_.size(); }
  const SyslogServerCounters& counters() const { return counters_; }
  void add_metrics(MetricsPage& page) const;

 private:
  friend class SyslogConnection;

  void on_turn_end() override;
  using Backlog = boost::intrusive::list<ReadsOn, boost::intrusive::constant_time_size<false>>;

  /// False when kTurnWork is used up.
  bool may_read();
  void spend(Work work) { work_ += work; }
  /// Has the connection read again at the end of this turn.
  void read_later(ReadsOn& connection);
  /// Destroys it at the end of this turn.
  void remove(SyslogConnection& connection);

  const IngressSettings settings_;
  Intake& intake_;
  UnprovenList* unproven_;
  Event all_closed_;
  std::unique_ptr<char[]> buffer_;  // a kept frame's beginning, then kReadSize
  std::vector<std::unique_ptr<SyslogConnection>> connections_;
  Backlog backlog_;
  Work work_ = 0;  // in this part of the turn
  std::uint64_t turn_ = 0;
  bool stopping_ = false;
  SyslogServerCounters counters_;
};

}  // namespace sluice::ingress
