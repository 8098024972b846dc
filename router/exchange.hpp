#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "logplex/base/slot.hpp"
#include "logplex/runtime/shard.hpp"
#include "router/block_pool.hpp"
#include "router/byte_queue.hpp"
#include "router/client_side.hpp"
#include "router/endpoint.hpp"
#include "router/forwarded_request.hpp"
#include "router/message/head.hpp"
#include "router/router_code.hpp"
#include "router/shared_count.hpp"

namespace sluice::router {

class BackendConnection;
class ProxyShard;
enum class NameTrouble : std::uint8_t;
struct AppRoutes;
class Upstream;

/// One request: its client, its backend, its time limits and its router line. It knows neither protocol nor transport:
/// the client side and the backend side call it, and it calls them. Every exchange ends exactly once, with one line.
///
///     begin -> choosing -> connecting -> sending -> awaiting -> responding -> end        (fail -> end from anywhere)
///                 ^  backend failed |                                  `-> tunnel
///
/// `served` is for a client that has closed its sending side: everything is sent, and the exchange waits until the
/// client has acknowledged it. A client that is gone answers with a reset.
///
/// Lives on its shard, owned by ProxyShard, which reuses it: in steady state a request needs no allocation. Any call
/// into an exchange may end it (ClientSide::on_exchange_end was called), and it may even have begun again.
class Exchange final : public Retired, private MemoryHolder {
 public:
  explicit Exchange(ProxyShard& proxy);
  void* operator new(std::size_t, BlockPool& memory) { return memory.take(); }
  void operator delete(void* memory, BlockPool&) { BlockPool::give_back(memory); }
  void operator delete(void* memory) { BlockPool::give_back(memory); }
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  // From the client side.
  /// The request head is complete. False when the request ended at once: no such app, maintenance, a loop, a bad
  /// expectation, or a limit reached.
  bool begin(ClientSide& client, const RequestHead& request, const ForwardFacts& facts);
  /// After begin(): chooses a backend. `body` is the part of the body that came with the head.
  void start(std::string_view body, bool complete);
  /// The request head is malformed or incomplete. Replies with `status` unless that is 499. The line shows `cause`, or
  /// "bad header" for a malformed head whose host matches an app.
  void refuse(ClientSide& client, const RequestHead& request, const ForwardFacts& facts, RouterCode code,
              unsigned status, std::string_view cause);
  bool wants_request_bytes() const;
  void on_request_bytes(std::string_view bytes, bool complete);
  void on_bad_chunk();
  void on_client_gone();
  /// In a tunnel: the client has closed its sending side, which is passed on to the backend.
  void on_tunnel_end_of_client();
  void on_client_writable();

  // From the backend side.
  void on_connected();
  void on_connect_failed(bool timed_out, std::string_view cause = {});
  void on_backend_writable();
  void on_interim(const ResponseHead& head);
  void on_response(const ResponseHead& head, std::string_view body, bool complete);
  void on_response_bytes(std::string_view bytes, bool complete);
  void on_bad_response(ResponseFault fault);
  /// The backend connection ended. `answered`: bytes of a response had come.
  void on_backend_gone(bool answered);
  /// In a tunnel: the backend has closed its sending side, which is passed on to the client.
  void on_tunnel_end_of_backend();
  const ForwardedRequest& request() const { return request_; }

  /// Memory is used up, and this client, or this backend, makes us hold more than any other.
  void on_no_memory_for_client();
  void on_no_memory_for_backend(MemoryClass of);

  /// The process is stopping and cannot wait any longer: ends the request with H24.
  void force_close();

 private:
  enum class Phase : std::uint8_t { kIdle, kChoosing, kConnecting, kSending, kAwaiting, kResponding, kTunnel, kServed };

  void give_up_memory(MemoryClass of) override;
  MemoryOwner memory_owner();
  void reset(ClientSide& client);
  bool find_app(const RequestHead& request);
  bool check_shares();
  bool check_loop();
  bool check_expectation(const RequestHead& request);

  void choose_backend();
  Upstream* hold_one(AppRoutes& routes);
  void choose_again_later();
  void go_to_backend();
  void let_go_of_upstream();
  void connect();
  bool target_is_allowed() const;
  void connect_to_target();
  void await_address();
  void on_no_address(NameTrouble trouble);
  void look_up_anew();
  void look_up_quarantined(const AppRoutes& routes);
  void give_up_backend(RouterCode code, std::string_view cause = {});
  bool try_next_backend() const;
  Duration connect_time_left() const;

  void send_request();
  void request_sent();
  bool is_too_slow(std::size_t bytes);
  void begin_upload_window();
  bool retry_on_fresh_connection();
  void finish_response();
  void go_on_reading_response();
  void begin_tunnel(const ResponseHead& head, std::string_view bytes);
  void end_tunnel_if_over();
  void await_taking();

  void on_time();
  void fail(RouterCode code, std::string_view cause = {}, unsigned status = 0);
  void end(RouterCode code, ExchangeEnd end);
  void let_go_of_backend();
  void write_line(RouterCode code);
  std::int64_t milliseconds_since(SteadyTime time) const;

  ProxyShard& proxy_;
  ClientSide* client_ = nullptr;
  BackendConnection* connection_ = nullptr;
  Upstream* upstream_ = nullptr;
  AppSlot app_;
  ChannelSlot channel_;
  Phase phase_ = Phase::kIdle;
  bool reused_ = false;  // the connection comes from the pool
  bool request_complete_ = false;
  bool upload_broken_ = false;  // cannot send more of the request; the response may still come
  bool response_begun_ = false;
  bool looked_up_anew_ = false;  // because no address of the backend's name worked
  bool client_ended_ = false;    // within a tunnel
  bool backend_ended_ = false;   // within a tunnel
  std::uint32_t attempts_ = 0;
  Endpoint target_;                             // of the last connect
  RouterCode connect_code_ = RouterCode::kH21;  // the code for the last failed connect
  std::string_view connect_cause_;
  std::uint32_t interim_responses_ = 0;
  unsigned status_ = 0;
  std::uint64_t bytes_ = 0;
  std::string_view desc_;
  std::string_view cause_;
  Duration backoff_{};
  SteadyTime choosing_since_{};
  SteadyTime connecting_since_{};
  SteadyTime served_since_{};
  SteadyTime upload_window_since_{};
  std::uint64_t upload_window_bytes_ = 0;
  std::shared_ptr<SharedCount> app_requests_;  // this exchange holds one; null without a limit
  std::optional<SteadyTime> connected_at_;
  std::optional<std::int64_t> connect_ms_;
  std::string_view first_body_;  // came with the head; only during start()
  ByteQueue waiting_body_;       // came before a connection was ready
  Deadline<&Exchange::on_time> deadline_;
  ForwardedRequest request_;
  MemoryCharge parked_;  // for a head that needs memory outside the object
};

}  // namespace sluice::router
