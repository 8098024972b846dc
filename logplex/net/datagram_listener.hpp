#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "logplex/net/socket.hpp"
#include "logplex/runtime/poller.hpp"
#include "logplex/runtime/shard.hpp"

namespace sluice {

/// Takes the datagrams of a listener, on the listener's shard.
class DatagramHandler {
 public:
  /// The bytes are valid during the call. It must not destroy the listener.
  virtual void on_datagram(std::string_view bytes, const Peer& from) = 0;

 protected:
  ~DatagramHandler() = default;
};

/// Receives UDP datagrams on the shard's poller, at the end of a turn and at most kPerTurn in it, so that a fast sender
/// makes no turn long. Nobody acknowledges a datagram: when the socket's buffer in the kernel is full, the kernel drops
/// the next ones and counts them (dropped()). Lives on its shard; the handler outlives it.
class DatagramListener final : public OnShard, private Pollable, private TurnHook {
 public:
  static constexpr int kPerTurn = 64;

  /// `bound`: from bind_socket(..., SOCK_DGRAM).
  DatagramListener(Shard& shard, UniqueFd bound, DatagramHandler& handler);
  DatagramListener(const DatagramListener&) = delete;
  DatagramListener& operator=(const DatagramListener&) = delete;
  ~DatagramListener() override;

  /// Begins to receive. Errors: those of epoll_ctl(2).
  result<void> start();
  /// Receives nothing more. What the kernel still holds is lost.
  void close();

  std::uint16_t port() const { return port_; }
  std::uint64_t received() const { return received_; }
  /// Datagrams that the kernel dropped because its buffer was full. 0 after close().
  std::uint64_t dropped() const;

 private:
  void on_events(std::uint32_t events) override;
  void on_turn_end() override;

  UniqueFd fd_;
  DatagramHandler& handler_;
  const std::uint16_t port_;
  const std::unique_ptr<char[]> buffer_;  // the longest datagram fits
  std::uint64_t received_ = 0;
};

}  // namespace sluice
