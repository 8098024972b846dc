#include "router/client_connection.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "router/exchange.hpp"
#include "router/http1/forward.hpp"
#include "router/proxy_shard.hpp"

namespace sluice::router {
namespace {

/// Most reads per event, so that one busy client does not hold up the shard's other connections.
constexpr int kReadsPerTurn = 8;
/// If a client is still sending after the response, we read and discard until it has been silent for kLingerSilence, at
/// most kLinger in all: a reset would destroy what it has not read yet.
constexpr Duration kLingerSilence = std::chrono::seconds(5);
constexpr Duration kLinger = std::chrono::seconds(30);
/// The same in all, while the process is stopping.
constexpr Duration kShortLinger = std::chrono::seconds(2);
/// A body up to this size is copied behind its head; a longer one is a second part of the same send, because sending
/// two parts is cheaper only above a few KiB.
constexpr std::size_t kCopiedBody = 4096;

}  // namespace

namespace {

ProxyClient& open_http1(ProxyShard& proxy, AcceptedClient client) {
  return *new (proxy.client_memory()) ClientConnection(proxy, std::move(client));
}

}  // namespace

const ClientProtocol& http1_client_protocol() {
  static constexpr ClientProtocol kProtocol{"http/1.1", &open_http1};
  return kProtocol;
}

ClientConnection::ClientConnection(ProxyShard& proxy, AcceptedClient client)
    : proxy_(proxy),
      socket_(*this, client.fd, std::move(client.ops)),
      tls_(client.facts.tls),
      trusted_(client.facts.trusted),
      address_size_(
          static_cast<std::uint8_t>(std::min(client.facts.address.size(), std::tuple_size_v<decltype(address_)>))),
      port_(client.facts.listener_port),
      deadline_(proxy.shard().wheel(), *this),
      ticket_(std::move(client.ticket)) {
  std::memcpy(address_.data(), client.facts.address.data(), address_size_);
  ++proxy_.counters().client_connections;
  ++proxy_.counters().clients_accepted;
}

ClientConnection::~ClientConnection() = default;

void ClientConnection::start() {
  const auto watched = proxy_.shard().poller().add(socket_.fd(), *this);
  if (watched.has_error()) return close();
  deadline_.arm(proxy_.settings().client_idle);
}

void ClientConnection::drain() {
  if (state_ == State::kLingering) {
    linger_until_ = std::min(linger_until_, proxy_.shard().now() + kShortLinger);
    return linger();
  }
  if (exchange_ == nullptr && state_ == State::kHead && !head_begun_) finish();
}

void ClientConnection::drain_soon() {
  draining_ = true;
  proxy_.queue().add(*this);
}

void ClientConnection::force_close() {
  if (exchange_ != nullptr) return exchange_->on_fault(Fault::kStopping);
  close();
}

ForwardFacts ClientConnection::forward_facts() const {
  ForwardFacts facts;
  facts.client_address = {address_.data(), address_size_};
  facts.tls = tls_;
  facts.port = port_;
  facts.start = proxy_.shard().wall_now();
  facts.keep_backend = proxy_.settings().pool_max_idle > 0;
  facts.trusted = trusted_;
  facts.via = proxy_.settings().via;
  return facts;
}

void ClientConnection::on_events(std::uint32_t events) {
  if (state_ == State::kClosed) return;
  // In a tunnel both sides may have closed their sending sides while bytes are still unread.
  const bool gone = state_ == State::kTunnel ? (events & EPOLLERR) != 0 : (events & (EPOLLHUP | EPOLLERR)) != 0;
  if (gone) return on_gone();
  peer_closed_ |= (events & EPOLLRDHUP) != 0;
  if (socket_.blocked() && (events & EPOLLOUT) != 0) on_writable();
  if (state_ == State::kClosed || (events & (EPOLLIN | EPOLLRDHUP)) == 0) return;
  readable_ = true;
  if (proxy_.queue().turn_is_long()) return proxy_.queue().add(*this);
  if (wants_input()) return read_some();
  look_for_end();
}

/// A client that has closed both directions looks like one that has closed its sending side and waits. We serve it,
/// unless router.abort_on_close is set. Whether it is gone shows when we answer.
void ClientConnection::look_for_end() {
  const bool aborts = peer_closed_ && proxy_.settings().abort_on_close;
  if (aborts && state_ == State::kResponse && exchange_ != nullptr) on_gone();
}

bool ClientConnection::may_be_gone() const {
  return peer_closed_ && state_ == State::kResponse && !proxy_.settings().abort_on_close;
}

bool ClientConnection::take_share_of(AppSlot app) {
  if (app_share_ && app_share_.key() == app.value) return true;
  return proxy_.take_connection_of(app, app_share_);
}

/// The connection is closed in both directions or broken.
void ClientConnection::on_gone() {
  broken_ = true;
  if (exchange_ != nullptr) return exchange_->on_client_gone();
  close();
}

void ClientConnection::on_writable() {
  if (!socket_.flush()) return on_gone();
  if (socket_.blocked()) return;
  if (finishing_) return finish();
  if (exchange_ != nullptr) return exchange_->on_client_writable();
  proxy_.queue().add(*this);
}

bool ClientConnection::wants_input() const {
  switch (state_) {
    case State::kHead:
      return !finishing_ && !socket_.blocked();
    case State::kBody:
    case State::kTunnel:
      return exchange_ != nullptr && exchange_->wants_request_bytes();
    case State::kLingering:
      return true;
    case State::kResponse:
    case State::kClosed:
      return false;
  }
  return false;
}

void ClientConnection::read_more() {
  if (processing_) return;  // the running loop in process() continues
  go_on();
}

/// Continues with bytes that nobody could take before, or that a long turn left over.
void ClientConnection::go_on() {
  if (timed_out_) end_by_time();
  if (std::exchange(draining_, false)) drain();
  if (state_ == State::kClosed) return;
  if (!unparsed_.empty() && wants_input()) on_bytes(nullptr, 0);
  if (readable_ && wants_input()) return read_some();
  look_for_end();
}

void ClientConnection::read_some() {
  for (int reads = 0; reads < kReadsPerTurn; ++reads) {
    if (!wants_input()) return look_for_end();
    if (unparsed_.should_wait()) break;
    std::size_t got = 0;
    const ReadOutcome outcome = socket_.read(proxy_.read_buffer(), ProxyShard::kReadSize, got);
    if (outcome == ReadOutcome::kNothingNow) {
      readable_ = false;
      return;
    }
    if (outcome == ReadOutcome::kBroken) return on_gone();
    if (outcome == ReadOutcome::kEnd) return on_end();
    // A short read means that everything is read, unless the peer has closed: its end comes without another event.
    readable_ = socket_.may_have_more(got, ProxyShard::kReadSize) || peer_closed_;
    on_bytes(proxy_.read_buffer(), got);
    if (!readable_) return;
    if (proxy_.queue().turn_is_long(got)) break;
  }
  if (wants_input()) proxy_.queue().add(*this);
}

/// Bytes that come while a head is read belong to it or to the next one.
MemoryOwner ClientConnection::memory_owner() {
  const MemoryClass of = state_ == State::kHead ? MemoryClass::kRouterHeads : MemoryClass::kRouterBodies;
  return {proxy_.shard(), of, *this};
}

/// Memory is used up and this connection holds more than any other.
void ClientConnection::give_up_memory(MemoryClass of) {
  if (state_ == State::kClosed) return;
  if (exchange_ != nullptr) return exchange_->on_fault(Fault::kClientMemory);
  if (of == MemoryClass::kRouterHeads && head_is_open()) return refuse(RouterCode::kH26, 431, "no memory for the head");
  close();
}

void ClientConnection::on_bytes(char* data, std::size_t size) {
  processing_ = true;
  if (unparsed_.empty()) {
    const std::size_t used = process(data, size);
    if (state_ != State::kClosed) unparsed_.append({data + used, size - used}, memory_owner());
  } else {
    unparsed_.append({data, size}, memory_owner());
    const std::size_t used = process(unparsed_.data(), unparsed_.size());
    unparsed_.consume(std::min(used, unparsed_.size()));  // it is empty once closed
  }
  processing_ = false;
}

/// Returns how many bytes it used: fewer when a head is incomplete or nobody takes more now.
std::size_t ClientConnection::process(char* data, std::size_t size) {
  std::size_t used = 0;
  while (used < size && wants_input()) {
    if (state_ == State::kLingering) {
      linger();
      return size;
    }
    const std::size_t here =
        state_ == State::kHead ? process_head(data + used, size - used) : process_body(data + used, size - used);
    if (here == 0) break;
    used += here;
  }
  return used;
}

std::size_t ClientConnection::process_head(char* data, std::size_t size) {
  if (!reader_) reader_ = proxy_.take_request_reader();
  http1::RequestParser& parser = reader_->parser;
  const http1::Progress progress = parser.parse(data, size);
  if (progress == http1::Progress::kMore) {
    if (!head_begun_ && parser.started()) {
      head_begun_ = true;
      deadline_.arm(proxy_.settings().request_head);
    }
    return 0;
  }
  if (progress == http1::Progress::kError) {
    refuse(RouterCode::kH26, http1::status_of(parser.error()), http1::to_string(parser.error()));
    return size;
  }
  const std::size_t head_size = parser.consumed();
  return head_size + start_request(data + head_size, size - head_size);
}

/// `body`: the bytes after the head. Returns how many of them it used.
std::size_t ClientConnection::start_request(char* body, std::size_t size) {
  const auto reader = reader_.get();
  const RequestHead& head = reader->parser.head();
  deadline_.disarm();
  head_begun_ = false;
  ++requests_;
  http_1_0_ = reader->parser.http_1_0();
  keep_alive_ = reader->parser.keep_alive();
  keeps_ = false;
  Exchange& exchange = proxy_.take_exchange();
  exchange_ = &exchange;
  std::size_t taken = 0;
  reader->body.start(head.body(), head.length);
  const std::size_t kept = reader->body.pass_on(body, size, taken);
  const bool complete = reader->body.done();
  const bool bad = reader->body.bad();
  state_ = complete ? State::kResponse : State::kBody;
  if (exchange.begin(*this, head, forward_facts())) exchange.start({body, kept}, complete);
  if (exchange_ != nullptr && bad) exchange_->on_fault(Fault::kBadChunk);
  if (state_ != State::kBody) give_back_reader();
  return taken;
}

/// Idle connections, and those that wait for a response, have no reader.
void ClientConnection::give_back_reader() {
  if (reader_) proxy_.give_back(std::move(reader_));
}

std::size_t ClientConnection::process_body(char* data, std::size_t size) {
  if (state_ == State::kTunnel) {
    exchange_->on_request_bytes({data, size}, true);
    return size;
  }
  std::size_t taken = 0;
  const std::size_t kept = reader_->body.pass_on(data, size, taken);
  const bool complete = reader_->body.done();
  const bool bad = reader_->body.bad();
  if (complete) {
    state_ = State::kResponse;
    give_back_reader();
  }
  if (taken > 0) exchange_->on_request_bytes({data, kept}, complete);
  if (exchange_ != nullptr && bad) {
    exchange_->on_fault(Fault::kBadChunk);
    return size;
  }
  return taken;
}

/// Answers a malformed or incomplete head; the parser may already know the host.
void ClientConnection::refuse(RouterCode code, unsigned status, std::string_view cause) {
  auto reader = std::move(reader_);
  deadline_.disarm();
  state_ = State::kBody;  // everything else it sends is read and discarded
  http_1_0_ = false;
  keeps_ = false;
  Exchange& exchange = proxy_.take_exchange();
  exchange_ = &exchange;
  exchange.refuse(*this, reader->parser.head(), forward_facts(), code, status, cause);
  proxy_.give_back(std::move(reader));
}

/// The client has closed its sending side.
void ClientConnection::on_end() {
  readable_ = false;
  if (state_ == State::kTunnel && exchange_ != nullptr) return exchange_->on_tunnel_end_of_client();
  if (exchange_ != nullptr) return exchange_->on_client_gone();
  if (!head_is_open()) return close();
  broken_ = true;
  refuse(RouterCode::kH27, row_of(RouterCode::kH27).status, {});
}

/// True when the first byte of a request has come but its head is incomplete. Makes the parser's views valid again: the
/// bytes were in a shared buffer.
bool ClientConnection::head_is_open() {
  if (state_ != State::kHead || !head_begun_ || !reader_) return false;
  reader_->parser.parse(unparsed_.data(), unparsed_.size());
  return true;
}

void ClientConnection::become_tunnel() {
  state_ = State::kTunnel;
  proxy_.queue().add(*this);
}

void ClientConnection::on_exchange_end(ExchangeEnd end) {
  exchange_ = nullptr;
  give_back_reader();
  if (end == ExchangeEnd::kAbort || broken_) return close();
  if (end == ExchangeEnd::kKeep && keeps_ && !proxy_.draining()) return await_request();
  finish();
}

void ClientConnection::await_request() {
  state_ = State::kHead;
  deadline_.arm(proxy_.settings().client_idle);
  if (readable_ || !unparsed_.empty()) proxy_.queue().add(*this);
}

/// Closes once everything is sent. Closing with unread bytes of the client would send a reset, which can destroy what
/// the client has not read yet, so we read and discard those bytes first.
void ClientConnection::finish() {
  finishing_ = true;
  if (socket_.blocked()) return deadline_.arm(proxy_.settings().idle);
  const bool all_read = (state_ == State::kResponse || state_ == State::kHead) && !readable_ && unparsed_.empty();
  if (all_read) return close();
  socket_.shutdown_sending();
  state_ = State::kLingering;
  readable_ = true;
  unparsed_.clear();
  linger_until_ = proxy_.shard().now() + (proxy_.draining() ? kShortLinger : kLinger);
  linger();
  proxy_.queue().add(*this);
}

void ClientConnection::linger() {
  const Duration left = linger_until_ - proxy_.shard().now();
  deadline_.arm(std::clamp<Duration>(left, Duration{0}, kLingerSilence));
}

void ClientConnection::close() {
  if (state_ == State::kClosed) return;
  state_ = State::kClosed;
  Shard& shard = proxy_.shard();
  Resumable::unlink();
  deadline_.disarm();
  give_back_reader();
  shard.poller().remove(socket_.fd(), *this);
  socket_.close();
  ticket_ = {};
  app_share_.release();
  ClientListHook::unlink();
  --proxy_.counters().client_connections;
  proxy_.on_client_closed();
  shard.retire(std::unique_ptr<Retired>(this));
}

/// Connections that came together time out together; the queue spreads them over several turns.
void ClientConnection::on_time() {
  timed_out_ = true;
  proxy_.queue().add(*this);
}

/// Runs in this turn or a later one; by then a request may have come.
void ClientConnection::end_by_time() {
  timed_out_ = false;
  if (deadline_.armed() || state_ == State::kClosed) return;
  if (exchange_ != nullptr) return;
  if (!head_is_open()) return close();
  refuse(RouterCode::kH26, 408, "head timeout");
}

// Sending for the exchange.

std::size_t ClientConnection::send(std::string_view first, std::string_view second) {
  if (!broken_ && !socket_.send(first, second)) broken_ = true;
  return first.size() + second.size();
}

std::size_t ClientConnection::send_interim(const ResponseHead& head) {
  if (http_1_0_) return 0;
  http1::DownstreamFacts facts;
  facts.via = proxy_.settings().via;
  char* const out = proxy_.scratch(downstream_head_bound(head, facts));
  return send({out, write_downstream_head(head, facts, out)});
}

/// Another request may follow a response whose end shows without closing.
bool ClientConnection::may_keep(const ResponseHead& head) const {
  const std::uint64_t most = proxy_.settings().requests_per_connection;
  const BodyKind body = head.body();
  const bool ends_by_close = body == BodyKind::kUntilEnd || (http_1_0_ && body == BodyKind::kChunked);
  return keep_alive_ && !ends_by_close && !proxy_.draining() && (most == 0 || requests_ < most);
}

std::size_t ClientConnection::send_head(const ResponseHead& head, std::string_view body, bool keep) {
  keeps_ = keep && may_keep(head);
  http1::DownstreamFacts facts;
  facts.keep_client = keeps_;
  facts.dechunk = http_1_0_;
  facts.date = proxy_.date();
  facts.via = proxy_.settings().via;
  char* const out = proxy_.scratch(downstream_head_bound(head, facts) + kCopiedBody);
  const std::size_t size = write_downstream_head(head, facts, out);
  if (body.empty() || body.size() > kCopiedBody) return send({out, size}, body);
  std::memcpy(out + size, body.data(), body.size());
  return send({out, size + body.size()});
}

std::size_t ClientConnection::send_body(std::string_view bytes) { return send(bytes); }

std::size_t ClientConnection::send_continue() { return send("HTTP/1.1 100 Continue\r\n\r\n"); }

}  // namespace sluice::router
