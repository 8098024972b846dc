#pragma once

#include <memory>

#include "logplex/runtime/shard.hpp"
#include "router/block_pool.hpp"
#include "router/endpoint.hpp"
#include "router/hot_socket.hpp"
#include "router/http1/body.hpp"
#include "router/http1/response.hpp"
#include "router/turn_queue.hpp"

namespace sluice::router {

class Exchange;
class ProxyShard;
class Upstream;

/// One connection to a backend, HTTP/1.1: sends the request of an exchange and reads its response, or is idle in its
/// Upstream's pool. Anything that arrives while it is idle, bytes or an end, closes it.
///
/// Lives on its shard: made by an exchange, owned by itself, destroyed at the end of the turn in which it closes. Idle
/// it owns no buffer.
class BackendConnection final : public Pollable, public Retired, private Resumable, private MemoryHolder {
 public:
  BackendConnection(ProxyShard& proxy, Upstream& upstream);
  ~BackendConnection() override;
  void* operator new(std::size_t, BlockPool& memory) { return memory.take(); }
  void operator delete(void* memory, BlockPool&) { BlockPool::give_back(memory); }
  void operator delete(void* memory) { BlockPool::give_back(memory); }

  /// Begins to connect for this exchange. False when that failed at once, with errno set; then it has closed.
  bool connect(const Endpoint& endpoint, Exchange& exchange);
  /// From the pool: serves this exchange from now on.
  void attach(Exchange& exchange);
  /// What is known without asking the kernel: nothing unread, no end seen. For requests that cannot be sent twice.
  bool is_still_clean() const { return !socket_.has_input(); }

  /// False when the backend takes no more.
  bool send(std::string_view first, std::string_view second = {}) { return socket_.send(first, second); }
  bool blocked() const { return socket_.blocked(); }
  /// Nothing more will be sent, within a tunnel.
  void finish_sending() { socket_.finish_sending(); }
  void pause() { paused_ = true; }
  void resume();

  /// The exchange is done with it: back to the pool when nothing speaks against it, else closed.
  void release(bool request_complete);
  void close();

  void on_events(std::uint32_t events) override;

 private:
  enum class State : std::uint8_t { kConnecting, kHead, kBody, kTunnel, kIdle, kClosed };

  void go_on() override;
  void give_up_memory(MemoryClass of) override;
  MemoryOwner memory_owner();
  void on_connect_event();
  void on_writable();
  void read_some();
  void on_bytes(char* data, std::size_t size);
  std::size_t process(char* data, std::size_t size);
  std::size_t process_head(char* data, std::size_t size);
  std::size_t on_final_head(const http1::ResponseParser& head, char* data, std::size_t size);
  std::size_t process_body(char* data, std::size_t size);
  std::string_view take_body(char* data, std::size_t size, std::size_t& taken);
  void on_end(bool clean);
  bool reusable() const;
  void on_idle_too_long();
  void end_idleness();

  ProxyShard& proxy_;
  Upstream& upstream_;
  Exchange* exchange_ = nullptr;
  HotSocket socket_;
  State state_ = State::kConnecting;
  bool paused_ = false;
  bool readable_ = false;  // there may be bytes for which no event will come
  bool peer_closed_ = false;
  bool answered_ = false;  // bytes of this response have come
  bool keep_alive_ = false;
  bool excess_ = false;     // bytes beyond the response
  bool timed_out_ = false;  // its idle time is over
  http1::BodyScanner body_;
  std::unique_ptr<http1::ResponseParser> parser_;
  ByteQueue unparsed_;  // a head that is not whole yet
  Deadline<&BackendConnection::on_idle_too_long> idle_;
};

}  // namespace sluice::router
