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
#include "router/http1/forward.hpp"
#include "router/router_code.hpp"

namespace sluice {

class BackendConnection;
class ProxyShard;
class Upstream;

/// The head that the backend gets, built once: it serves sending, sending again, and the router line.
class RequestText {
 public:
  /// Room for that many bytes; what was there is gone.
  char* reserve(std::size_t size);
  std::string_view text(http1::Span span) const { return {at_ + span.at, span.size}; }
  std::string_view head() const { return {at_, parts.size}; }

  http1::UpstreamHead parts;

 private:
  std::array<char, 2048> small_;
  std::unique_ptr<char[]> large_;
  char* at_ = small_.data();
};

/// One request: its client, its backend, its time limits and its router line. It knows neither protocol nor transport;
/// the two sides feed it and are told what to do. Whatever happens, it ends once, in one line.
///
///     begin -> choosing -> connecting -> sending -> awaiting -> responding -> end        (fail -> end from anywhere)
///                 ^  backend failed |                                  `-> tunnel
///
/// Lives on its shard, owned by ProxyShard, which uses it again: in steady state a request costs no allocation. After a
/// call into it the exchange may have ended (ClientSide::on_exchange_end was called) and even have begun again.
class Exchange final : public Retired {
 public:
  explicit Exchange(ProxyShard& proxy);
  void* operator new(std::size_t, BlockPool& memory) { return memory.take(); }
  void operator delete(void* memory, BlockPool&) { BlockPool::give_back(memory); }
  void operator delete(void* memory) { BlockPool::give_back(memory); }
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  // From the client side.
  /// A whole head has come. False when the request ended at once: no such app, maintenance, bad expectation.
  bool begin(ClientSide& client, const http1::RequestParser& request, const http1::ForwardFacts& facts);
  /// After begin(): goes to a backend, with the part of the body that came with the head.
  void start(std::string_view body, bool complete);
  /// A head that is none, or did not come to its end. `status` is answered, but for one that has no page; `cause`
  /// stands in the line when no app is known.
  void refuse(ClientSide& client, const http1::RequestParser& request, const http1::ForwardFacts& facts,
              RouterCode code, unsigned status, std::string_view cause);
  bool wants_request_bytes() const;
  void on_request_bytes(std::string_view bytes, bool complete);
  void on_bad_chunk();
  void on_client_gone();
  void on_client_writable();

  // From the backend side.
  void on_connected();
  void on_connect_failed(bool timed_out);
  void on_backend_writable();
  void on_interim(const http1::ResponseParser& head);
  void on_response(const http1::ResponseParser& head, std::string_view body, bool complete);
  void on_response_bytes(std::string_view bytes, bool complete);
  void on_bad_response(http1::HeadError error);
  void on_bad_response_body();
  /// The connection ended. `answered`: bytes of a response had come.
  void on_backend_gone(bool answered);
  bool wants_decoded() const { return client_->wants_decoded(); }
  bool to_head() const { return to_head_; }

  /// We stop and cannot wait any longer: H24.
  void force_close();

 private:
  enum class Phase : std::uint8_t { kIdle, kChoosing, kConnecting, kSending, kAwaiting, kResponding, kTunnel };

  void reset(ClientSide& client);
  void describe(const http1::RequestParser& request, const http1::ForwardFacts& facts);
  void note_request(const http1::RequestParser& request, const http1::ForwardFacts& facts);
  bool find_app(const http1::RequestParser& request);
  bool check_expectation(const http1::RequestParser& request);

  void choose_backend();
  void choose_again_later();
  void go_to(Upstream& upstream);
  void use(Upstream* upstream);
  void connect();
  void await_address();
  bool try_next_backend() const;
  Duration connect_time_left() const;

  void send_request();
  void request_sent();
  bool retry_on_fresh_connection();
  void finish_response();
  void go_on_reading_response();
  void begin_tunnel(const http1::ResponseParser& head, std::string_view bytes);

  static void on_deadline(void* self);
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
  bool http_1_0_ = false;
  bool tls_ = false;
  bool to_head_ = false;
  bool client_keeps_ = false;
  bool may_retry_ = false;  // idempotent and without body
  bool reused_ = false;     // the connection comes from the pool
  bool expects_continue_ = false;
  bool wants_upgrade_ = false;
  bool request_complete_ = false;
  bool upload_broken_ = false;  // the backend takes no more of the request; its answer may still come
  bool response_begun_ = false;
  bool keep_client_ = false;
  bool last_connect_timed_out_ = false;
  std::uint32_t attempts_ = 0;
  std::uint32_t endpoint_ = 0;
  unsigned status_ = 0;
  std::uint64_t bytes_ = 0;
  std::string_view desc_;
  std::string_view cause_;
  Duration backoff_{};
  SteadyTime choosing_since_{};
  SteadyTime connecting_since_{};
  std::optional<SteadyTime> connected_at_;
  std::optional<std::int64_t> connect_ms_;
  std::string_view first_body_;  // came with the head; within start() only
  ByteQueue waiting_body_;       // came before there was a connection
  Deadline deadline_;
  RequestText request_;
};

}  // namespace sluice
