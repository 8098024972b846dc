#pragma once

#include <cstdint>
#include <string_view>

#include "logplex/runtime/shard.hpp"
#include "router/admission.hpp"
#include "router/backend_picker.hpp"
#include "router/client_side.hpp"
#include "router/exchange_state.hpp"
#include "router/forwarded_request.hpp"
#include "router/line/router_code.hpp"
#include "router/message/fault.hpp"
#include "router/message/head.hpp"
#include "router/sockets/block_pool.hpp"
#include "router/sockets/byte_queue.hpp"
#include "router/upload_pace.hpp"

namespace sluice::router {

class ProxyShard;

/// One request: its client, its responder, its time limits and its router line. It knows neither protocol nor
/// transport: the client's side and the responder call it, and it calls them. Every exchange ends exactly once, with
/// one line.
///
///     begin -> kPicking -> kSending -> kAwaiting -> kResponding -> end        (fail -> end from anywhere)
///                 ^ retry  |                  |        `-> kServed -> end
///                 `--------+------------------'  `-> kTunnel -> end
///
/// exchange_state.hpp has the whole table. Who may answer is for Admission, which backend for BackendPicker.
///
/// Lives on its shard, owned by ProxyShard, which reuses it: in steady state a request needs no allocation. Any call
/// into an exchange may end it (ClientSide::on_exchange_end was called), and it may even have begun again.
class Exchange final : public Retired, private MemoryHolder, private BackendPicker::Client {
 public:
  explicit Exchange(ProxyShard& proxy);
  void* operator new(std::size_t, BlockPool& memory) { return memory.take(); }
  void operator delete(void* memory, BlockPool&) { BlockPool::give_back(memory); }
  void operator delete(void* memory) { BlockPool::give_back(memory); }
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  // From the client's side.
  /// The request head is complete. False when the request ended at once: no such app, maintenance, a loop, a bad
  /// expectation, a limit reached, or a rule refused it.
  bool begin(ClientSide& client, const RequestHead& request, const ForwardFacts& facts);
  /// After begin(): chooses a responder. `body` is the part of the body that came with the head.
  void start(std::string_view body, bool complete);
  /// The request head is malformed or incomplete. Replies with `status` unless that is 499. The line shows `cause`, or
  /// "bad header" for a malformed head whose host matches an app.
  void refuse(ClientSide& client, const RequestHead& request, const ForwardFacts& facts, RouterCode code,
              unsigned status, std::string_view cause);
  bool wants_request_bytes() const;
  void on_request_bytes(std::string_view bytes, bool complete);
  void on_client_gone();
  /// In a tunnel: the client has closed its sending side, which is passed on to the responder.
  void on_tunnel_end_of_client();
  void on_client_writable();

  // From the responder.
  const ForwardedRequest& request() const { return request_; }
  void on_responder_writable();
  void on_interim(const ResponseHead& head);
  /// `body`: the part of the body that came with the head. It has chunks if the head says so and the request
  /// takes_chunks().
  void on_response(const ResponseHead& head, std::string_view body, bool complete);
  void on_response_bytes(std::string_view bytes, bool complete);
  /// The responder has ended without a complete response. `answered`: bytes of a response had come.
  void on_responder_gone(bool answered);
  /// In a tunnel: the responder has closed its sending side, which is passed on to the client.
  void on_tunnel_end_of_responder();

  // From any of them, and from ProxyShard.
  void on_fault(Fault fault);

 private:
  void give_up_memory(MemoryClass of) override;
  void on_backend(Responder& backend) override { send_to(backend); }
  void on_no_backend(RouterCode code, std::string_view cause) override { fail({code, cause}); }

  void reset(ClientSide& client);
  void move(ExchangeEvent event);
  void send_to(Responder& responder);
  void request_sent();
  bool is_too_slow(std::size_t bytes);
  void pass_on_head(const ResponseHead& head, std::string_view body, bool keep);
  void begin_tunnel(const ResponseHead& head, std::string_view bytes);
  void pause_if_blocked();
  void end_tunnel_if_over();
  void finish_response();
  void await_taking();
  void on_time();
  void arm(Duration time) { deadline_.arm(time); }
  void fail(const Refuse& refusal);
  void end(RouterCode code, ExchangeEnd end);
  void let_go_of_responder();
  void write_line(RouterCode code);
  MemoryOwner memory_owner();

  ProxyShard& proxy_;
  ClientSide* client_ = nullptr;
  Responder* responder_ = nullptr;  // null but from kSending until the response is complete
  ResponseTap* tap_ = nullptr;
  Admission admission_;
  BackendPicker picker_;
  ExchangeState state_ = ExchangeState::kIdle;
  bool request_complete_ = false;
  bool upload_broken_ = false;  // cannot send more of the request; the response may still come
  std::uint32_t interim_responses_ = 0;
  unsigned status_ = 0;
  std::uint64_t bytes_ = 0;
  std::string_view desc_;
  std::string_view cause_;
  Duration next_look_{};  // at whether the client has taken all
  SteadyTime served_since_{};
  UploadPace pace_;
  std::string_view first_body_;  // came with the head; only during start()
  ByteQueue waiting_body_;       // came before there was a responder
  Deadline<&Exchange::on_time> deadline_;
  ForwardedRequest request_;
  MemoryCharge parked_;  // for a head that needs memory outside the object
};

}  // namespace sluice::router
