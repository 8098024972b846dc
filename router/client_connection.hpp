#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

#include "logplex/runtime/shard.hpp"
#include "logplex/runtime/share_table.hpp"
#include "router/client_protocol.hpp"
#include "router/client_side.hpp"
#include "router/http1/body.hpp"
#include "router/http1/request.hpp"
#include "router/line/router_code.hpp"
#include "router/message/forwarding.hpp"
#include "router/sockets/block_pool.hpp"
#include "router/sockets/hot_socket.hpp"
#include "router/sockets/turn_queue.hpp"

namespace sluice::router {

class Exchange;
class ProxyShard;

/// What a client connection needs while it reads a request: a head, then the position in its body.
struct RequestReader {
  explicit RequestReader(const http1::HeadLimits& limits) : parser(limits) {}

  http1::RequestParser parser;
  http1::BodyScanner body;
};

/// One HTTP/1.x client connection. It reads requests one after the other, strictly in order, and writes their
/// responses. While a request is under way, later requests stay unread in the kernel; bytes that were read along with
/// it wait here.
///
/// Lives on its shard, owns itself, and is destroyed at the end of the turn in which it closes. It owns no buffer while
/// it is idle.
class ClientConnection final : public ProxyClient,
                               public Pollable,
                               private Resumable,
                               private MemoryHolder,
                               private ClientSide {
 public:
  ClientConnection(ProxyShard& proxy, AcceptedClient client);
  ~ClientConnection() override;
  void* operator new(std::size_t, BlockPool& memory) { return memory.take(); }
  void operator delete(void* memory, BlockPool&) { BlockPool::give_back(memory); }
  void operator delete(void* memory) { BlockPool::give_back(memory); }

  void start() override;
  void drain_soon() override;
  void force_close() override;

  void on_events(std::uint32_t events) override;

 private:
  enum class State : std::uint8_t {
    kHead,       // waiting for, or within, a request head
    kBody,       // within a request body
    kResponse,   // the request is complete, the response is not
    kTunnel,     // we answered 101
    kLingering,  // everything is sent; reads on so that no reset destroys it (RFC 9112 section 9.6)
    kClosed,
  };

  // ClientSide
  std::size_t send_interim(const ResponseHead& head) override;
  std::size_t send_head(const ResponseHead& head, std::string_view body, bool keep) override;
  std::size_t send_body(std::string_view bytes) override;
  std::size_t send_continue() override;
  bool blocked() const override { return socket_.blocked(); }
  bool take_share_of(AppSlot app) override;
  bool may_be_gone() const override;
  bool has_taken_all() const override { return socket_.has_delivered_all(); }
  void finish_sending() override { socket_.finish_sending(); }
  void read_more() override;
  void become_tunnel() override;
  void on_exchange_end(ExchangeEnd end) override;

  void drain();
  void go_on() override;
  void give_up_memory(MemoryClass of) override;
  void on_gone();
  void look_for_end();
  void on_writable();
  void read_some();
  void on_bytes(char* data, std::size_t size);
  MemoryOwner memory_owner();
  bool wants_input() const;
  std::size_t process(char* data, std::size_t size);
  std::size_t process_head(char* data, std::size_t size);
  std::size_t process_body(char* data, std::size_t size);
  std::size_t start_request(char* body, std::size_t size);
  void refuse(RouterCode code, unsigned status, std::string_view cause);
  bool head_is_open();
  bool may_keep(const ResponseHead& head) const;
  void give_back_reader();
  void on_end();
  void await_request();
  void linger();
  void finish();
  void close();
  std::size_t send(std::string_view first, std::string_view second = {});
  ForwardFacts forward_facts() const;
  void on_time();
  void end_by_time();

  ProxyShard& proxy_;
  HotSocket socket_;
  Exchange* exchange_ = nullptr;
  State state_ = State::kHead;
  bool readable_ : 1 = false;  // unread bytes may be waiting without a further event
  bool peer_closed_ : 1 = false;
  bool broken_ : 1 = false;  // sending failed
  bool processing_ : 1 = false;
  bool finishing_ : 1 = false;
  bool timed_out_ : 1 = false;  // the deadline has passed; go_on() handles it
  bool http_1_0_ : 1 = false;
  bool keep_alive_ : 1 = false;  // the client may send another request after this one
  bool keeps_ : 1 = false;       // and our response told it that it may
  bool head_begun_ : 1 = false;
  bool tls_ : 1 = false;
  bool trusted_ : 1 = false;
  bool draining_ = false;  // go_on() will call drain()
  std::uint8_t address_size_ = 0;
  std::uint16_t port_ = 0;
  std::uint32_t requests_ = 0;
  std::unique_ptr<RequestReader> reader_;          // null while no part of a request is read
  ByteQueue unparsed_;                             // an incomplete head, or requests that came early
  Deadline<&ClientConnection::on_time> deadline_;  // for idle time, head or lingering
  SteadyTime linger_until_{};
  ShareTable::Share app_share_;  // of the app that the last request was for
  ConnectionTicket ticket_;
  std::array<char, 40> address_{};  // an IPv6 address has at most 39 characters, without a zone
};

}  // namespace sluice::router
