#pragma once

#include <memory>

#include "logplex/runtime/shard.hpp"
#include "router/endpoint.hpp"
#include "router/http1/body.hpp"
#include "router/http1/response.hpp"
#include "router/responder.hpp"
#include "router/sockets/block_pool.hpp"
#include "router/sockets/hot_socket.hpp"
#include "router/sockets/turn_queue.hpp"

namespace sluice::router {

class BackendPicker;
class Exchange;
class ProxyShard;
class Upstream;

/// One HTTP/1.1 connection to a backend. It sends the request of an exchange and reads the response, or it is idle in
/// its Upstream's pool. An idle connection closes as soon as anything arrives on it, bytes or the end of the stream.
///
/// Lives on its shard. A BackendPicker makes it, it owns itself, and it is destroyed at the end of the turn in which it
/// closes. It owns no buffer while it is idle.
class BackendConnection final : public Responder,
                                public Pollable,
                                public Retired,
                                private Resumable,
                                private MemoryHolder {
 public:
  BackendConnection(ProxyShard& proxy, Upstream& upstream);
  ~BackendConnection() override;
  void* operator new(std::size_t, BlockPool& memory) { return memory.take(); }
  void operator delete(void* memory, BlockPool&) { BlockPool::give_back(memory); }
  void operator delete(void* memory) { BlockPool::give_back(memory); }

  /// Begins to connect; the picker learns of the result later. Returns false when that failed at once: errno is set and
  /// the connection has closed.
  bool connect(const Endpoint& endpoint, BackendPicker& picker);
  /// Asks the kernel whether nothing is unread and the peer has not closed. For requests that cannot be sent twice.
  bool is_still_clean() const { return !socket_.has_input(); }

  bool begin(Exchange& exchange, std::string_view body, bool complete) override;
  bool send_body(std::string_view bytes, bool complete) override;
  bool blocked() const override { return socket_.blocked(); }
  void finish_sending() override { socket_.finish_sending(); }
  void pause() override { paused_ = true; }
  void resume() override;
  /// Returns the connection to the pool if it can be reused, else closes it.
  void release(bool request_complete) override;
  void close() override;

  void on_events(std::uint32_t events) override;

 private:
  enum class State : std::uint8_t { kConnecting, kHead, kBody, kTunnel, kIdle, kClosed };

  void go_on() override;
  void give_up_memory(MemoryClass of) override;
  MemoryOwner memory_owner();
  void on_connect_event();
  void on_writable();
  bool send_chunk(std::string_view bytes, bool last);
  void read_some();
  void on_bytes(char* data, std::size_t size);
  std::size_t process(char* data, std::size_t size);
  std::size_t process_head(char* data, std::size_t size);
  std::size_t on_final_head(const http1::ResponseParser& parser, char* data, std::size_t size);
  std::size_t process_body(char* data, std::size_t size);
  std::string_view take_body(char* data, std::size_t size, std::size_t& taken);
  void on_end(bool clean);
  bool reusable() const;
  void on_idle_too_long();
  void end_idleness();

  ProxyShard& proxy_;
  Upstream& upstream_;
  BackendPicker* picker_ = nullptr;  // while it connects
  Exchange* exchange_ = nullptr;     // which it answers
  HotSocket socket_;
  State state_ = State::kConnecting;
  bool paused_ = false;
  bool readable_ = false;  // unread bytes may be waiting without a further event
  bool peer_closed_ = false;
  bool answered_ = false;  // bytes of this response have arrived
  bool keep_alive_ = false;
  bool excess_ = false;     // bytes beyond the response
  bool timed_out_ = false;  // its idle time is over
  http1::BodyScanner body_;
  std::unique_ptr<http1::ResponseParser> parser_;
  ByteQueue unparsed_;  // a head that is still incomplete
  Deadline<&BackendConnection::on_idle_too_long> idle_;
};

}  // namespace sluice::router
