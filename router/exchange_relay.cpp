// The bytes of an exchange, both ways, once there is a connection.
#include <algorithm>

#include "router/backend_connection.hpp"
#include "router/exchange.hpp"
#include "router/proxy_shard.hpp"

namespace sluice::router {
namespace {

/// How often it is looked at whether a client that may be gone has taken its response.
constexpr Duration kFirstLook = std::chrono::milliseconds(4);
constexpr Duration kLastLook = std::chrono::seconds(1);
/// Interim responses (1xx) of one request.
constexpr std::uint32_t kMostInterim = 100;

}  // namespace

void Exchange::send_request() {
  phase_ = Phase::kSending;
  begin_upload_window();
  const bool sent = connection_->send(request_.head(), waiting_body_.empty() ? first_body_ : waiting_body_.view());
  waiting_body_.clear();
  if (!sent && reused_ && may_retry_) return on_backend_gone(false);
  // The backend took no more, but an answer may be there: reading tells, and its event is on the way.
  upload_broken_ = !sent;
  request_sent();
}

/// The backend's time for its first byte runs from the moment it has the whole request.
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

/// Time in which the backend takes nothing is not the client's: a window begins when the backend takes again.
void Exchange::begin_upload_window() {
  upload_window_since_ = proxy_.shard().now();
  upload_window_bytes_ = 0;
}

/// Judges the upload at the end of each window, and as a whole. One that stands still has no bytes to judge: the idle
/// time ends it.
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
  // Sending on is no excuse for a client that does not take its response.
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

/// What one side sent before its end is to arrive at the other. The client's side sends its rest when it closes.
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

/// Each is a send of its own, so that one read of them would be a long turn.
void Exchange::on_interim(const http1::ResponseParser& head) {
  if (++interim_responses_ > kMostInterim) return fail(RouterCode::kH17, "too many interim responses");
  if (http_1_0_) return;
  bytes_ += client_->send_interim(head);
  go_on_reading_response();
}

void Exchange::on_response(const http1::ResponseParser& head, std::string_view body, bool complete) {
  if (head.status() == 101) return wants_upgrade_ ? begin_tunnel(head, body) : fail(RouterCode::kH17);
  phase_ = Phase::kResponding;
  response_begun_ = true;
  status_ = head.status();
  deadline_.arm(proxy_.settings().idle);
  const bool ends_by_close = head.body() == http1::BodyKind::kUntilClose ||
                             (client_->wants_decoded() && head.body() == http1::BodyKind::kChunked);
  keep_client_ = client_keeps_ && request_complete_ && !ends_by_close && !proxy_.draining();
  bytes_ += client_->send_head(head, body, keep_client_);
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

void Exchange::begin_tunnel(const http1::ResponseParser& head, std::string_view bytes) {
  phase_ = Phase::kTunnel;
  response_begun_ = true;
  request_complete_ = true;
  status_ = head.status();
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
  end(RouterCode::kNone, keep_client_ ? ExchangeEnd::kKeep : ExchangeEnd::kClose);
}

/// The client has closed its sending side, or all of it. Its acknowledgement shows that it is still there, and a reset
/// ends the exchange; who neither takes nor refuses has had the idle time.
void Exchange::await_taking() {
  const SteadyTime now = proxy_.shard().now();
  if (phase_ != Phase::kServed) {
    phase_ = Phase::kServed;
    served_since_ = now;
    backoff_ = kFirstLook;
  }
  const bool over = client_->has_taken_all() || now - served_since_ >= proxy_.settings().idle;
  if (over) return end(RouterCode::kNone, keep_client_ ? ExchangeEnd::kKeep : ExchangeEnd::kClose);
  deadline_.arm(backoff_);
  backoff_ = std::min(2 * backoff_, kLastLook);
}

void Exchange::on_bad_response(http1::HeadError error) {
  if (!http1::is_response_limit(error)) return fail(RouterCode::kH17);
  switch (error) {
    case http1::HeadError::kBadContentLength:
      desc_ = "HTTP restriction: invalid content length";
      break;
    case http1::HeadError::kCookieTooLong:
      desc_ = "HTTP restriction: oversized cookie";
      break;
    case http1::HeadError::kStatusLineTooLong:
      desc_ = "HTTP restriction: oversized status line";
      break;
    default:
      desc_ = "HTTP restriction: oversized header";
      break;
  }
  fail(RouterCode::kH25);
}

void Exchange::on_bad_response_body() { fail(RouterCode::kH17); }

void Exchange::on_backend_gone(bool answered) {
  if (phase_ == Phase::kTunnel) {
    let_go_of_backend();
    return end(RouterCode::kNone, ExchangeEnd::kClose);
  }
  if (!answered && retry_on_fresh_connection()) return;
  fail(answered || response_begun_ || !request_complete_ ? RouterCode::kH18 : RouterCode::kH13);
}

}  // namespace sluice::router
