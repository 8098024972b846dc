// Relays the bytes of an exchange both ways, once there is a connection.
#include <algorithm>

#include "router/backend_connection.hpp"
#include "router/exchange.hpp"
#include "router/proxy_shard.hpp"

namespace sluice::router {
namespace {

/// How often we check whether a client that may be gone has acknowledged its response: at first, and at most.
constexpr Duration kFirstLook = std::chrono::milliseconds(4);
constexpr Duration kLastLook = std::chrono::seconds(1);
/// Most interim responses (1xx) of one request.
constexpr std::uint32_t kMostInterim = 100;

/// How a ResponseFault ends the request.
struct FaultRow {
  ResponseFault fault;
  RouterCode code;
  std::string_view desc;  // instead of the code's
  std::string_view cause;
};
constexpr FaultRow kFaults[] = {
    {ResponseFault::kMalformed, RouterCode::kH17, {}, {}},
    {ResponseFault::kManyInterim, RouterCode::kH17, {}, "too many interim responses"},
    {ResponseFault::kBadLength, RouterCode::kH25, "HTTP restriction: invalid content length", {}},
    {ResponseFault::kLongCookie, RouterCode::kH25, "HTTP restriction: oversized cookie", {}},
    {ResponseFault::kLongFirstLine, RouterCode::kH25, "HTTP restriction: oversized status line", {}},
    {ResponseFault::kLongHeader, RouterCode::kH25, "HTTP restriction: oversized header", {}},
};
constexpr bool rows_are_in_order() {
  for (std::size_t i = 0; i < std::size(kFaults); ++i)
    if (static_cast<std::size_t>(kFaults[i].fault) != i) return false;
  return true;
}
static_assert(rows_are_in_order());

}  // namespace

void Exchange::send_request() {
  phase_ = Phase::kSending;
  begin_upload_window();
  const bool sent = connection_->send(request_.head(), waiting_body_.empty() ? first_body_ : waiting_body_.view());
  waiting_body_.clear();
  if (!sent && reused_ && request_.repeatable()) return on_backend_gone(false);
  // The backend takes no more, but a response may be there. Its event is on the way, and the read will tell.
  upload_broken_ = !sent;
  request_sent();
}

/// The backend's time for its first byte starts when it has the whole request.
void Exchange::request_sent() {
  if (phase_ != Phase::kSending) return;
  if (request_complete_ && !connection_->blocked()) {
    phase_ = Phase::kAwaiting;
    deadline_.arm(proxy_.settings().first_byte);
    return;
  }
  deadline_.arm(proxy_.settings().idle);
  if (!request_complete_ && !connection_->blocked()) client_->read_more();
}

/// The client is not charged for time in which the backend takes nothing: a new window begins when the backend takes
/// bytes again.
void Exchange::begin_upload_window() {
  upload_window_since_ = proxy_.shard().now();
  upload_window_bytes_ = 0;
}

/// Checks the rate of the upload at the end of each window, and its total time. An upload that stands still brings no
/// bytes to check: the idle time ends it.
bool Exchange::is_too_slow(std::size_t bytes) {
  const SteadyTime now = proxy_.shard().now();
  if (now - choosing_since_ >= proxy_.settings().upload_timeout) return true;
  if (phase_ != Phase::kSending) return false;
  upload_window_bytes_ += bytes;
  const Duration window = now - upload_window_since_;
  if (window < proxy_.settings().idle) return false;
  const double wanted =
      static_cast<double>(proxy_.settings().upload_min_rate) * std::chrono::duration<double>(window).count();
  const bool slow = static_cast<double>(upload_window_bytes_) < wanted;
  begin_upload_window();
  return slow;
}

bool Exchange::wants_request_bytes() const {
  return connection_ != nullptr && phase_ >= Phase::kSending && (upload_broken_ || !connection_->blocked());
}

void Exchange::on_request_bytes(std::string_view bytes, bool complete) {
  request_complete_ = complete;
  if (connection_ == nullptr || phase_ < Phase::kSending) return waiting_body_.append(bytes, memory_owner());
  if (!upload_broken_ && !connection_->send(bytes)) upload_broken_ = true;
  if (!complete && is_too_slow(bytes.size())) return fail(RouterCode::kH28);
  if (phase_ == Phase::kSending) return request_sent();
  // A client that does not take its response does not gain time by sending.
  if (!client_->blocked()) deadline_.arm(proxy_.settings().idle);
}

void Exchange::on_bad_chunk() { fail(RouterCode::kH26, "bad chunk", 400); }

void Exchange::on_client_gone() {
  if (phase_ != Phase::kTunnel) return fail(RouterCode::kH27);
  let_go_of_backend();
  end(RouterCode::kNone, ExchangeEnd::kClose);
}

void Exchange::on_tunnel_end_of_client() {
  if (client_ended_) return;
  client_ended_ = true;
  connection_->finish_sending();
  end_tunnel_if_over();
}

void Exchange::on_tunnel_end_of_backend() {
  if (backend_ended_) return;
  backend_ended_ = true;
  client_->finish_sending();
  end_tunnel_if_over();
}

/// Everything that one side sent before it closed must reach the other. The client connection sends its remaining bytes
/// when it closes.
void Exchange::end_tunnel_if_over() {
  if (!client_ended_ || !backend_ended_ || connection_->blocked()) return;
  let_go_of_backend();
  end(RouterCode::kNone, ExchangeEnd::kClose);
}

void Exchange::on_client_writable() {
  if (connection_ == nullptr || phase_ < Phase::kSending) return;
  if (phase_ >= Phase::kResponding) deadline_.arm(proxy_.settings().idle);
  connection_->resume();
}

void Exchange::on_backend_writable() {
  if (connection_->blocked()) return;
  begin_upload_window();
  if (phase_ == Phase::kSending) return request_sent();
  if (phase_ == Phase::kTunnel && client_ended_) return end_tunnel_if_over();
  client_->read_more();
}

/// Each interim response is a separate send, so a read full of them would make a long turn.
void Exchange::on_interim(const ResponseHead& head) {
  if (++interim_responses_ > kMostInterim) return on_bad_response(ResponseFault::kManyInterim);
  bytes_ += client_->send_interim(head);
  go_on_reading_response();
}

void Exchange::on_response(const ResponseHead& head, std::string_view body, bool complete) {
  if (head.status == 101) return request_.wants_upgrade() ? begin_tunnel(head, body) : fail(RouterCode::kH17);
  phase_ = Phase::kResponding;
  response_begun_ = true;
  status_ = head.status;
  deadline_.arm(proxy_.settings().idle);
  bytes_ += client_->send_head(head, body, request_complete_);
  if (complete) return finish_response();
  go_on_reading_response();
}

void Exchange::on_response_bytes(std::string_view bytes, bool complete) {
  bytes_ += client_->send_body(bytes);
  if (complete) {
    if (phase_ != Phase::kTunnel) return finish_response();
    let_go_of_backend();
    return end(RouterCode::kNone, ExchangeEnd::kClose);
  }
  deadline_.arm(proxy_.settings().idle);
  go_on_reading_response();
}

void Exchange::go_on_reading_response() {
  if (client_->blocked()) connection_->pause();
}

void Exchange::begin_tunnel(const ResponseHead& head, std::string_view bytes) {
  phase_ = Phase::kTunnel;
  response_begun_ = true;
  request_complete_ = true;
  status_ = head.status;
  deadline_.arm(proxy_.settings().idle);
  bytes_ += client_->send_head(head, bytes, false);
  go_on_reading_response();
  client_->become_tunnel();
}

void Exchange::finish_response() {
  BackendConnection* const connection = connection_;
  connection_ = nullptr;
  connection->release(request_complete_ && !upload_broken_);
  if (client_->may_be_gone()) return await_taking();
  end(RouterCode::kNone, request_complete_ ? ExchangeEnd::kKeep : ExchangeEnd::kClose);
}

/// The client has closed its sending side or both directions. Its acknowledgement shows that it is still there, and a
/// reset ends the exchange. If neither comes, the exchange ends after the idle time.
void Exchange::await_taking() {
  const SteadyTime now = proxy_.shard().now();
  if (phase_ != Phase::kServed) {
    phase_ = Phase::kServed;
    served_since_ = now;
    backoff_ = kFirstLook;
  }
  const bool over = client_->has_taken_all() || now - served_since_ >= proxy_.settings().idle;
  if (over) return end(RouterCode::kNone, request_complete_ ? ExchangeEnd::kKeep : ExchangeEnd::kClose);
  deadline_.arm(backoff_);
  backoff_ = std::min(2 * backoff_, kLastLook);
}

void Exchange::on_bad_response(ResponseFault fault) {
  const FaultRow& row = kFaults[static_cast<std::size_t>(fault)];
  desc_ = row.desc;
  fail(row.code, row.cause);
}

void Exchange::on_backend_gone(bool answered) {
  if (phase_ == Phase::kTunnel) {
    let_go_of_backend();
    return end(RouterCode::kNone, ExchangeEnd::kClose);
  }
  if (!answered && retry_on_fresh_connection()) return;
  fail(answered || response_begun_ || !request_complete_ ? RouterCode::kH18 : RouterCode::kH13);
}

}  // namespace sluice::router
