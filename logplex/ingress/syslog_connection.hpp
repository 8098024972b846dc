#pragma once

#include <cstdint>
#include <string>

#include "logplex/net/listener.hpp"
#include "logplex/net/socket.hpp"
#include "logplex/runtime/poller.hpp"
#include "logplex/runtime/shard.hpp"
#include "logplex/runtime/wheel.hpp"
#include "logplex/wire/frame_splitter.hpp"

namespace sluice {

class SyslogServer;

/// One sender. Reads when its socket has bytes, splits them into frames and hands them to the intake.
///
///     kReading --(memory short)--> kPaused --(time)--> kReading;   either --(closed, error, silent)--> kClosed
///
/// Owned by its server, on the server's shard; retired, not destroyed, when it closes.
class SyslogConnection final : public Pollable, public Retired {
 public:
  SyslogConnection(SyslogServer& server, UniqueFd fd, ConnectionTicket ticket, std::size_t index);
  ~SyslogConnection() override;

  /// Watches the socket. False when the kernel refuses: then it is closed already.
  bool start();
  void on_events(std::uint32_t events) override;
  /// Reads once, at most one buffer.
  void read();
  void close();

  std::size_t index() const { return index_; }
  void set_index(std::size_t index) { index_ = index; }

 private:
  friend class SyslogServer;
  enum class State : std::uint8_t { kReading, kPaused, kClosed };

  static void on_deadline(void* self);
  std::size_t put_back_kept(char* buffer);
  void take_in(std::string_view bytes);
  void after_read(bool drained);
  void pause(Duration time);
  void end_of_input();

  SyslogServer& server_;
  UniqueFd fd_;
  ConnectionTicket ticket_;
  std::size_t index_;
  FrameSplitter splitter_;
  std::string kept_;  // the beginning of a frame; empty between frames
  Deadline deadline_;
  State state_ = State::kReading;
  bool readable_ = false;     // bytes may be there that no edge will announce again
  bool half_closed_ = false;  // the sender has ended: read to the end
  bool in_backlog_ = false;
};

}  // namespace sluice
