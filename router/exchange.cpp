#include "router/exchange.hpp"

#include <algorithm>
#include <utility>

#include "logplex/base/check.hpp"
#include "router/line/fault_row.hpp"
#include "router/proxy_shard.hpp"

namespace sluice::router {
namespace {

constexpr std::string_view kNoMemory = "memory";
/// How often we check whether a client that may be gone has acknowledged its response: at first, and at most.
constexpr Duration kFirstLook = std::chrono::milliseconds(4);
constexpr Duration kLastLook = std::chrono::seconds(1);
/// Most interim responses (1xx) of one request.
constexpr std::uint32_t kMostInterim = 100;

}  // namespace

Exchange::Exchange(ProxyShard& proxy)
    : proxy_(proxy),
      admission_(proxy),
      picker_(proxy, *this),
      deadline_(proxy.shard().wheel(), *this),
      parked_(proxy.shard(), MemoryClass::kRouterParked, *this) {}

/// An event that is not possible now would be a fault of ours: a side that calls after its end, for example.
void Exchange::move(ExchangeEvent event) {
  SLUICE_CHECK(may(state_, event));
  state_ = after(state_, event);
}

void Exchange::reset(ClientSide& client) {
  move(ExchangeEvent::kBegin);
  client_ = &client;
  responder_ = nullptr;
  tap_ = nullptr;
  admission_.begin();
  request_complete_ = upload_broken_ = false;
  interim_responses_ = 0;
  status_ = 0;
  bytes_ = 0;
  desc_ = cause_ = {};
  pace_.begin(proxy_.shard().now());
  ++proxy_.counters().active_requests;
}

bool Exchange::begin(ClientSide& client, const RequestHead& request, const ForwardFacts& facts) {
  reset(client);
  request_.write(request, facts, proxy_.shard().rng());
  parked_.set(request_.held());
  const Decision decision = admission_.decide(request, request_, facts, client);
  if (const auto* const forward = std::get_if<Forward>(&decision)) {
    tap_ = forward->tap;
    return true;
  }
  if (const auto* const answer = std::get_if<AnswerBy>(&decision)) {
    responder_ = answer->responder;
    return true;
  }
  fail(std::get<Refuse>(decision));
  return false;
}

void Exchange::refuse(ClientSide& client, const RequestHead& request, const ForwardFacts& facts, RouterCode code,
                      unsigned status, std::string_view cause) {
  reset(client);
  request_.note(request, facts, proxy_.shard().rng());
  const bool has_app = admission_.find_channel(request);
  const bool is_documented_case = has_app && code == RouterCode::kH26 && status != 408;
  fail({code, is_documented_case ? "bad header" : cause, status});
}

void Exchange::start(std::string_view body, bool complete) {
  request_complete_ = complete;
  first_body_ = body;
  if (request_.expects_continue() && body.empty() && !complete) bytes_ += client_->send_continue();
  if (responder_ != nullptr)
    send_to(*responder_);
  else
    picker_.pick(admission_.app(), request_.repeatable());
  if (state_ == ExchangeState::kPicking) waiting_body_.append(first_body_, memory_owner());
  first_body_ = {};
}

// The request on its way to the responder.

void Exchange::send_to(Responder& responder) {
  move(ExchangeEvent::kPick);
  responder_ = &responder;
  pace_.begin_window(proxy_.shard().now());
  const std::string_view body = waiting_body_.empty() ? first_body_ : waiting_body_.view();
  const bool sent = responder.begin(*this, body, request_complete_);
  if (responder_ != &responder) return;  // it has answered already
  waiting_body_.clear();
  if (!sent && picker_.may_retry()) return on_responder_gone(false);
  // The responder takes no more, but a response may be there. Its event is on the way, and the read will tell.
  upload_broken_ = !sent;
  request_sent();
}

/// The responder's time for its first byte starts when it has the whole request.
void Exchange::request_sent() {
  if (state_ != ExchangeState::kSending) return;
  if (request_complete_ && !responder_->blocked()) {
    move(ExchangeEvent::kSent);
    return arm(proxy_.settings().first_byte);
  }
  arm(proxy_.settings().idle);
  if (!request_complete_ && !responder_->blocked()) client_->read_more();
}

bool Exchange::wants_request_bytes() const {
  return responder_ != nullptr && state_ >= ExchangeState::kSending && (upload_broken_ || !responder_->blocked());
}

void Exchange::on_request_bytes(std::string_view bytes, bool complete) {
  request_complete_ = complete;
  if (responder_ == nullptr || state_ < ExchangeState::kSending) return waiting_body_.append(bytes, memory_owner());
  Responder* const responder = responder_;
  if (!upload_broken_ && !responder->send_body(bytes, complete)) upload_broken_ = true;
  if (responder_ != responder) return;  // it has answered already
  if (!complete && is_too_slow(bytes.size())) return fail({RouterCode::kH28});
  if (state_ == ExchangeState::kSending) return request_sent();
  // A client that does not take its response does not gain time by sending.
  if (!client_->blocked()) arm(proxy_.settings().idle);
}

bool Exchange::is_too_slow(std::size_t bytes) {
  const SteadyTime now = proxy_.shard().now();
  if (pace_.takes_too_long(now, proxy_.settings())) return true;
  return state_ == ExchangeState::kSending && pace_.is_too_slow(bytes, now, proxy_.settings());
}

void Exchange::on_client_gone() {
  if (!is_tunnel(state_)) return fail({RouterCode::kH27});
  let_go_of_responder();
  end(RouterCode::kNone, ExchangeEnd::kClose);
}

void Exchange::on_client_writable() {
  if (responder_ == nullptr || state_ < ExchangeState::kSending) return;
  if (has_begun_to_respond(state_)) arm(proxy_.settings().idle);
  responder_->resume();
}

void Exchange::on_responder_writable() {
  if (responder_->blocked()) return;
  pace_.begin_window(proxy_.shard().now());
  if (state_ == ExchangeState::kSending) return request_sent();
  if (state_ == ExchangeState::kClientDone || state_ == ExchangeState::kBothDone) return end_tunnel_if_over();
  client_->read_more();
}

// The response on its way to the client.

void Exchange::pause_if_blocked() {
  if (client_->blocked()) responder_->pause();
}

/// Each interim response is a separate send, so a read full of them would make a long turn.
void Exchange::on_interim(const ResponseHead& head) {
  if (++interim_responses_ > kMostInterim) return on_fault(Fault::kManyInterim);
  bytes_ += client_->send_interim(head);
  pause_if_blocked();
}

void Exchange::on_response(const ResponseHead& head, std::string_view body, bool complete) {
  if (head.status == 101) return request_.wants_upgrade() ? begin_tunnel(head, body) : on_fault(Fault::kMalformed);
  move(ExchangeEvent::kHead);
  pass_on_head(head, body, request_complete_);
  if (complete) return finish_response();
  pause_if_blocked();
}

void Exchange::pass_on_head(const ResponseHead& head, std::string_view body, bool keep) {
  status_ = head.status;
  arm(proxy_.settings().idle);
  bytes_ += client_->send_head(head, body, keep);
  if (tap_ == nullptr) return;
  tap_->on_head(head);
  if (!body.empty()) tap_->on_body(body);
}

void Exchange::on_response_bytes(std::string_view bytes, bool complete) {
  bytes_ += client_->send_body(bytes);
  if (tap_ != nullptr && !bytes.empty()) tap_->on_body(bytes);
  if (complete) return finish_response();
  arm(proxy_.settings().idle);
  pause_if_blocked();
}

void Exchange::finish_response() {
  std::exchange(responder_, nullptr)->release(request_complete_ && !upload_broken_);
  if (client_->may_be_gone()) return await_taking();
  end(RouterCode::kNone, request_complete_ ? ExchangeEnd::kKeep : ExchangeEnd::kClose);
}

/// The client has closed its sending side or both directions. Its acknowledgement shows that it is still there, and a
/// reset ends the exchange. If neither comes, the exchange ends after the idle time.
void Exchange::await_taking() {
  const SteadyTime now = proxy_.shard().now();
  if (state_ != ExchangeState::kServed) {
    move(ExchangeEvent::kWhole);
    served_since_ = now;
    next_look_ = kFirstLook;
  }
  const bool over = client_->has_taken_all() || now - served_since_ >= proxy_.settings().idle;
  if (over) return end(RouterCode::kNone, request_complete_ ? ExchangeEnd::kKeep : ExchangeEnd::kClose);
  arm(next_look_);
  next_look_ = std::min(2 * next_look_, kLastLook);
}

/// A pooled connection may turn out to be closed. The request is sent again only if it may be repeated and no response
/// has begun. It then uses a new connection, so this happens once.
void Exchange::on_responder_gone(bool answered) {
  if (is_tunnel(state_)) {
    let_go_of_responder();
    return end(RouterCode::kNone, ExchangeEnd::kClose);
  }
  const bool begun = has_begun_to_respond(state_);
  if (!answered && !begun && picker_.may_retry()) {
    let_go_of_responder();
    deadline_.disarm();
    move(ExchangeEvent::kRetry);
    return picker_.retry();
  }
  fail({answered || begun || !request_complete_ ? RouterCode::kH18 : RouterCode::kH13});
}

// Tunnels.

void Exchange::begin_tunnel(const ResponseHead& head, std::string_view bytes) {
  move(ExchangeEvent::kSwitch);
  request_complete_ = true;
  pass_on_head(head, bytes, false);
  pause_if_blocked();
  client_->become_tunnel();
}

void Exchange::on_tunnel_end_of_client() {
  if (!may(state_, ExchangeEvent::kClientDone)) return;
  move(ExchangeEvent::kClientDone);
  responder_->finish_sending();
  end_tunnel_if_over();
}

void Exchange::on_tunnel_end_of_responder() {
  if (!may(state_, ExchangeEvent::kResponderDone)) return;
  move(ExchangeEvent::kResponderDone);
  client_->finish_sending();
  end_tunnel_if_over();
}

/// Everything that one side sent before it closed must reach the other. The client's side sends its remaining bytes
/// when it closes.
void Exchange::end_tunnel_if_over() {
  if (state_ != ExchangeState::kBothDone || responder_->blocked()) return;
  let_go_of_responder();
  end(RouterCode::kNone, ExchangeEnd::kClose);
}

// The end.

void Exchange::fail(const Refuse& refusal) {
  const bool begun = has_begun_to_respond(state_);
  const RouterCodeRow& row = row_of(refusal.code);
  const unsigned status = refusal.status != 0 ? refusal.status : row.status;
  cause_ = refusal.cause;
  desc_ = refusal.desc;
  picker_.stop();
  let_go_of_responder();
  const bool client_is_there = status != 0 && status != 499;
  if (!begun && client_is_there) {
    const Answer& page = proxy_.error_page(status, row.retry_after, request_.to_head());
    status_ = status;
    bytes_ += client_->send_head(page.head(), page.body(), false);
    return end(refusal.code, ExchangeEnd::kClose);
  }
  // The line keeps the status that the client got, unless the code has a status of its own.
  const bool keeps_status = refusal.code == RouterCode::kH17 || refusal.code == RouterCode::kH18;
  if (!begun || !keeps_status) status_ = status;
  end(refusal.code, ExchangeEnd::kAbort);
}

void Exchange::on_fault(Fault fault) {
  const FaultRow& row = row_of(fault);
  const bool keeps_status = row.only_before_response && has_begun_to_respond(state_);
  fail({row.code, row.cause, keeps_status ? 0 : row.status, row.desc});
}

void Exchange::end(RouterCode code, ExchangeEnd end) {
  write_line(code);
  if (tap_ != nullptr) std::exchange(tap_, nullptr)->on_end(code == RouterCode::kNone && end != ExchangeEnd::kAbort);
  deadline_.disarm();
  waiting_body_.clear();
  request_.clear();
  parked_.set(0);
  picker_.clear();
  admission_.leave();
  move(ExchangeEvent::kEnd);
  --proxy_.counters().active_requests;
  ClientSide* const client = client_;
  proxy_.give_back(*this);
  client->on_exchange_end(end);
}

void Exchange::let_go_of_responder() {
  if (responder_ != nullptr) std::exchange(responder_, nullptr)->close();
}

void Exchange::write_line(RouterCode code) {
  RouterLine line;
  line.code = code;
  line.desc = desc_;
  line.cause = cause_;
  line.method = request_.method();
  line.path = request_.target();
  line.host = request_.host();
  line.request_id = request_.request_id();
  line.forwarded_for = request_.forwarded_for();
  line.dyno = picker_.backend();
  line.connect_ms = picker_.connect_ms();
  line.service_ms = picker_.service_ms();
  line.status = status_;
  line.bytes = bytes_;
  line.version = request_.version();
  line.tls = request_.tls();
  proxy_.write_line(admission_.channel(), line);
}

void Exchange::on_time() {
  switch (state_) {
    case ExchangeState::kIdle:
    case ExchangeState::kPicking:
      return;
    case ExchangeState::kSending:
      return fail({responder_->blocked() ? RouterCode::kH15 : RouterCode::kH28});
    case ExchangeState::kAwaiting:
      return fail({RouterCode::kH12});
    case ExchangeState::kServed:
      return await_taking();
    case ExchangeState::kResponding:
    case ExchangeState::kTunnel:
    case ExchangeState::kClientDone:
    case ExchangeState::kResponderDone:
    case ExchangeState::kBothDone:
      return fail({client_->blocked() ? RouterCode::kH28 : RouterCode::kH15});
  }
}

MemoryOwner Exchange::memory_owner() { return {proxy_.shard(), MemoryClass::kRouterParked, *this}; }

void Exchange::give_up_memory(MemoryClass) {
  if (state_ != ExchangeState::kIdle) fail({RouterCode::kH11, kNoMemory});
}

}  // namespace sluice::router
