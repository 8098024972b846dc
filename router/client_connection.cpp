#include "router/client_connection.hpp"

#include <algorithm>
#include <cstring>

#include "router/error_page.hpp"
#include "router/exchange.hpp"
#include "router/proxy_shard.hpp"

namespace sluice {
namespace {

/// Reads per event, so that one busy client does not hold up the shard's other connections.
constexpr int kReadsPerTurn = 8;
/// How long a client may take to read our last words, and to stop sending.
constexpr Duration kLinger = std::chrono::seconds(2);
/// A body up to this size is copied behind its head; a longer one goes as a second part of the same send. Lists of
/// parts pay only above a few KiB.
constexpr std::size_t kCopiedBody = 4096;

}  // namespace

ClientConnection::ClientConnection(ProxyShard& proxy, int fd, const ClientFacts& facts, ConnectionTicket ticket)
    : proxy_(proxy),
      socket_(fd),
      tls_(facts.tls),
      address_size_(static_cast<std::uint8_t>(std::min(facts.address.size(), address_.size()))),
      port_(facts.listener_port),
      deadline_(proxy.shard().wheel(), on_deadline, this),
      ticket_(std::move(ticket)) {
  std::memcpy(address_.data(), facts.address.data(), address_size_);
  ++proxy_.counters().client_connections;
  ++proxy_.counters().clients_accepted;
}

ClientConnection::~ClientConnection() = default;

bool ClientConnection::start() {
  const auto watched = proxy_.shard().poller().add(socket_.fd(), *this);
  if (watched.has_error()) {
    close();
    return false;
  }
  deadline_.arm(proxy_.settings().client_idle);
  return true;
}

void ClientConnection::drain() {
  if (exchange_ == nullptr && state_ == State::kHead && !head_begun_) finish();
}

void ClientConnection::force_close() {
  if (exchange_ != nullptr) return exchange_->force_close();
  close();
}

http1::ForwardFacts ClientConnection::forward_facts() const {
  http1::ForwardFacts facts;
  facts.client_address = {address_.data(), address_size_};
  facts.tls = tls_;
  facts.port = port_;
  facts.start = proxy_.shard().wall_now();
  facts.keep_backend = proxy_.settings().pool_max_idle > 0;
  return facts;
}

void ClientConnection::on_events(std::uint32_t events) {
  if (state_ == State::kClosed) return;
  if ((events & (EPOLLHUP | EPOLLERR)) != 0) return on_gone();
  peer_closed_ |= (events & EPOLLRDHUP) != 0;
  if (socket_.blocked() && (events & EPOLLOUT) != 0) on_writable();
  if (state_ == State::kClosed || (events & (EPOLLIN | EPOLLRDHUP)) == 0) return;
  readable_ = true;
  if (wants_input()) return read_some();
  look_for_end();
}

/// A client that has closed does not wait for its answer any more. One that has only closed its sending side looks the
/// same, and is taken for gone too.
void ClientConnection::look_for_end() {
  if (peer_closed_ && state_ == State::kResponse && exchange_ != nullptr) on_gone();
}

/// The connection is gone, in both directions or as far as anyone can tell.
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
  proxy_.shard().at_turn_end(*this);
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
  if (processing_) return;  // the loop that is running goes on by itself
  on_turn_end();
}

/// Goes on with what was left when there was nobody to take it.
void ClientConnection::on_turn_end() {
  if (!unparsed_.empty() && wants_input()) on_bytes(nullptr, 0);
  if (readable_ && wants_input()) return read_some();
  look_for_end();
}

void ClientConnection::read_some() {
  for (int reads = 0; reads < kReadsPerTurn; ++reads) {
    if (!wants_input()) return look_for_end();
    std::size_t got = 0;
    const ReadOutcome outcome = socket_.read(proxy_.read_buffer(), ProxyShard::kReadSize, got);
    if (outcome == ReadOutcome::kNothingNow) {
      readable_ = false;
      return;
    }
    if (outcome == ReadOutcome::kBroken) return on_gone();
    if (outcome == ReadOutcome::kEnd) return on_end();
    // A short read means that all is read, unless the end is near: that comes without another event.
    readable_ = got == ProxyShard::kReadSize || peer_closed_;
    on_bytes(proxy_.read_buffer(), got);
    if (!readable_) return;
  }
  if (wants_input()) proxy_.shard().at_turn_end(*this);
}

void ClientConnection::on_bytes(char* data, std::size_t size) {
  processing_ = true;
  if (unparsed_.empty()) {
    const std::size_t used = process(data, size);
    if (state_ != State::kClosed) unparsed_.append({data + used, size - used});
  } else {
    unparsed_.append({data, size});
    const std::size_t used = process(unparsed_.data(), unparsed_.size());
    unparsed_.consume(std::min(used, unparsed_.size()));  // closing empties it
  }
  processing_ = false;
}

/// How many bytes it used; fewer when a head is not whole yet, or nobody takes more now.
std::size_t ClientConnection::process(char* data, std::size_t size) {
  std::size_t used = 0;
  while (used < size && wants_input()) {
    if (state_ == State::kLingering) return size;
    const std::size_t here =
        state_ == State::kHead ? process_head(data + used, size - used) : process_body(data + used, size - used);
    if (here == 0) break;
    used += here;
  }
  return used;
}

std::size_t ClientConnection::process_head(char* data, std::size_t size) {
  if (!parser_) parser_ = proxy_.take_request_parser();
  const http1::Progress progress = parser_->parse(data, size);
  if (progress == http1::Progress::kMore) {
    if (!head_begun_ && parser_->started()) {
      head_begun_ = true;
      deadline_.arm(proxy_.settings().request_head);
    }
    return 0;
  }
  if (progress == http1::Progress::kError) {
    refuse(RouterCode::kH26, http1::status_of(parser_->error()), http1::to_string(parser_->error()));
    return size;
  }
  const std::size_t head_size = parser_->consumed();
  std::size_t taken = 0;
  start_request({data + head_size, size - head_size}, taken);
  return head_size + taken;
}

void ClientConnection::start_request(std::string_view after_head, std::size_t& taken) {
  auto parser = std::move(parser_);
  deadline_.disarm();
  head_begun_ = false;
  ++requests_;
  http_1_0_ = parser->http_1_0();
  to_head_ = parser->is_head();
  body_.start(parser->body(), parser->content_length());
  taken = body_.take(after_head.data(), after_head.size());
  state_ = body_.done() ? State::kResponse : State::kBody;
  Exchange& exchange = proxy_.take_exchange();
  exchange_ = &exchange;
  if (exchange.begin(*this, *parser, forward_facts())) exchange.start(after_head.substr(0, taken), body_.done());
  if (exchange_ != nullptr && body_.bad()) exchange_->on_bad_chunk();
  proxy_.give_back(std::move(parser));
}

std::size_t ClientConnection::process_body(char* data, std::size_t size) {
  if (state_ == State::kTunnel) {
    exchange_->on_request_bytes({data, size}, true);
    return size;
  }
  const std::size_t taken = body_.take(data, size);
  if (body_.done()) state_ = State::kResponse;
  exchange_->on_request_bytes({data, taken}, body_.done());
  if (exchange_ != nullptr && body_.bad()) {
    exchange_->on_bad_chunk();
    return size;
  }
  return taken;
}

/// Answers what is no request; the parser may have come as far as the host.
void ClientConnection::refuse(RouterCode code, unsigned status, std::string_view cause) {
  auto parser = std::move(parser_);
  deadline_.disarm();
  state_ = State::kBody;  // whatever else it sends is read away
  http_1_0_ = false;
  to_head_ = false;
  Exchange& exchange = proxy_.take_exchange();
  exchange_ = &exchange;
  exchange.refuse(*this, *parser, forward_facts(), code, status, cause);
  proxy_.give_back(std::move(parser));
}

/// The client has sent all it will ever send.
void ClientConnection::on_end() {
  readable_ = false;
  if (exchange_ != nullptr) return exchange_->on_client_gone();
  if (!head_is_open()) return close();
  broken_ = true;
  refuse(RouterCode::kH27, row_of(RouterCode::kH27).status, {});
}

/// A request has begun, as far as its first line, and its head is not whole. Makes the parser's views good again: the
/// bytes were in a buffer that others use.
bool ClientConnection::head_is_open() {
  if (state_ != State::kHead || !head_begun_ || !parser_) return false;
  parser_->parse(unparsed_.data(), unparsed_.size());
  return true;
}

void ClientConnection::become_tunnel() {
  state_ = State::kTunnel;
  proxy_.shard().at_turn_end(*this);
}

void ClientConnection::on_exchange_end(ExchangeEnd end) {
  exchange_ = nullptr;
  if (end == ExchangeEnd::kAbort || broken_) return close();
  const std::uint64_t most = proxy_.settings().requests_per_connection;
  if (end == ExchangeEnd::kKeep && !proxy_.draining() && (most == 0 || requests_ < most)) return await_request();
  finish();
}

void ClientConnection::await_request() {
  state_ = State::kHead;
  deadline_.arm(proxy_.settings().client_idle);
  if (readable_ || !unparsed_.empty()) proxy_.shard().at_turn_end(*this);
}

/// Closes once everything sent has gone out. Unread bytes of the client would turn the close into a reset that can
/// destroy what it has not read yet, so those are read away first.
void ClientConnection::finish() {
  finishing_ = true;
  if (socket_.blocked()) return deadline_.arm(proxy_.settings().idle);
  const bool all_read = (state_ == State::kResponse || state_ == State::kHead) && !readable_ && unparsed_.empty();
  if (all_read) return close();
  socket_.shutdown_sending();
  state_ = State::kLingering;
  readable_ = true;
  unparsed_.clear();
  deadline_.arm(kLinger);
  proxy_.shard().at_turn_end(*this);
}

void ClientConnection::close() {
  if (state_ == State::kClosed) return;
  state_ = State::kClosed;
  Shard& shard = proxy_.shard();
  shard.forget(*this);
  deadline_.disarm();
  if (parser_) proxy_.give_back(std::move(parser_));
  shard.poller().remove(socket_.fd(), *this);
  socket_.close();
  ticket_ = {};
  unlink();
  --proxy_.counters().client_connections;
  proxy_.on_client_closed();
  shard.retire(std::unique_ptr<Retired>(this));
}

void ClientConnection::on_deadline(void* self) { static_cast<ClientConnection*>(self)->on_time(); }

void ClientConnection::on_time() {
  if (!head_is_open()) return close();
  refuse(RouterCode::kH26, 408, "head timeout");
}

// What the exchange sends.

std::size_t ClientConnection::send(std::string_view first, std::string_view second) {
  if (!broken_ && !socket_.send(first, second)) broken_ = true;
  return first.size() + second.size();
}

std::size_t ClientConnection::send_interim(const http1::ResponseParser& head) {
  const http1::DownstreamFacts facts;
  char* const out = proxy_.scratch(downstream_head_bound(head, facts));
  return send({out, write_downstream_head(head, facts, out)});
}

std::size_t ClientConnection::send_head(const http1::ResponseParser& head, std::string_view body, bool keep) {
  const std::uint64_t most = proxy_.settings().requests_per_connection;
  http1::DownstreamFacts facts;
  facts.keep_client = keep && (most == 0 || requests_ < most);
  facts.dechunk = http_1_0_;
  facts.date = proxy_.date();
  char* const out = proxy_.scratch(downstream_head_bound(head, facts) + kCopiedBody);
  const std::size_t size = write_downstream_head(head, facts, out);
  if (body.empty() || body.size() > kCopiedBody) return send({out, size}, body);
  std::memcpy(out + size, body.data(), body.size());
  return send({out, size + body.size()});
}

std::size_t ClientConnection::send_body(std::string_view bytes) { return send(bytes); }

std::size_t ClientConnection::send_page(unsigned status) {
  char* const out = proxy_.scratch(kErrorPageBound);
  return send({out, write_error_page(status, proxy_.date(), to_head_, out)});
}

std::size_t ClientConnection::send_continue() { return send("HTTP/1.1 100 Continue\r\n\r\n"); }

}  // namespace sluice
