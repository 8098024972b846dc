#include "router/backend_connection.hpp"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <charconv>
#include <utility>

#include "router/backend_picker.hpp"
#include "router/exchange.hpp"
#include "router/proxy_shard.hpp"

namespace sluice::router {
namespace {

/// Most reads per event, so that one busy backend does not hold up the shard's other connections.
constexpr int kReadsPerTurn = 8;

int pending_error(int fd) {
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  return error;
}

}  // namespace

BackendConnection::BackendConnection(ProxyShard& proxy, Upstream& upstream)
    : proxy_(proxy), upstream_(upstream), socket_(*this), idle_(proxy.shard().wheel(), *this) {
  ++proxy_.counters().backend_connections;
}

BackendConnection::~BackendConnection() = default;

bool BackendConnection::connect(const Endpoint& endpoint, BackendPicker& picker) {
  picker_ = &picker;
  const int fd = ::socket(endpoint.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  int error = errno;
  if (fd >= 0) {
    socket_.open(fd);
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const int done = ::connect(fd, reinterpret_cast<const sockaddr*>(&endpoint.address), endpoint.size);
    error = done == 0 || errno == EINPROGRESS ? 0 : errno;
    if (error == 0) {
      const auto watched = proxy_.shard().poller().add(fd, *this);
      if (watched.has_value()) return true;
      error = ENOMEM;
    }
  }
  close();
  errno = error;
  return false;
}

bool BackendConnection::begin(Exchange& exchange, std::string_view body, bool complete) {
  exchange_ = &exchange;
  idle_.disarm();
  state_ = State::kHead;
  paused_ = answered_ = keep_alive_ = excess_ = false;
  const ForwardedRequest& request = exchange.request();
  if (!request.needs_chunks()) return socket_.send(request.head(), body);
  return socket_.send(request.head()) && send_body(body, complete);
}

bool BackendConnection::send_body(std::string_view bytes, bool complete) {
  return exchange_->request().needs_chunks() ? send_chunk(bytes, complete) : socket_.send(bytes);
}

/// Sends content of unknown length in the form that the head has announced.
bool BackendConnection::send_chunk(std::string_view bytes, bool last) {
  constexpr std::string_view kLineEnd = "\r\n";
  if (!bytes.empty()) {
    char size[16 + kLineEnd.size()];
    char* const end = std::to_chars(size, size + 16, bytes.size(), 16).ptr;
    kLineEnd.copy(end, kLineEnd.size());
    const std::string_view line(size, static_cast<std::size_t>(end - size) + kLineEnd.size());
    if (!socket_.send(line, bytes) || !socket_.send(kLineEnd)) return false;
  }
  return !last || socket_.send("0\r\n\r\n");
}

void BackendConnection::on_events(std::uint32_t events) {
  if (state_ == State::kClosed) return;
  if (state_ == State::kConnecting) return on_connect_event();
  const bool ended = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
  peer_closed_ |= ended;
  if (state_ == State::kIdle) {
    if (!ended && (events & EPOLLIN) == 0) return;
    upstream_.forget_idle(*this);
    return close();
  }
  if (socket_.blocked() && (events & EPOLLOUT) != 0) on_writable();
  if (state_ == State::kClosed || state_ == State::kIdle) return;
  if (ended || (events & EPOLLIN) != 0) {
    readable_ = true;
    if (proxy_.queue().turn_is_long()) return proxy_.queue().add(*this);
    if (!paused_) read_some();
  }
}

void BackendConnection::on_connect_event() {
  const int error = pending_error(socket_.fd());
  BackendPicker& picker = *std::exchange(picker_, nullptr);
  if (error != 0) return picker.on_connect_failed(error == ETIMEDOUT);
  state_ = State::kHead;
  picker.on_connected();
}

void BackendConnection::on_writable() {
  // When sending fails, a response may still be there to read: the read shows it.
  if (!socket_.flush()) readable_ = true;
  exchange_->on_responder_writable();
}

void BackendConnection::resume() {
  paused_ = false;
  if (readable_) read_some();
}

void BackendConnection::go_on() {
  if (std::exchange(timed_out_, false)) end_idleness();
  if (exchange_ != nullptr && !paused_ && readable_) read_some();
}

void BackendConnection::read_some() {
  for (int reads = 0; reads < kReadsPerTurn; ++reads) {
    if (exchange_ == nullptr || paused_) return;
    if (unparsed_.should_wait()) break;
    std::size_t got = 0;
    const ReadOutcome outcome = socket_.read(proxy_.read_buffer(), ProxyShard::kReadSize, got);
    if (outcome == ReadOutcome::kNothingNow) {
      readable_ = false;
      return;
    }
    if (outcome != ReadOutcome::kBytes) return on_end(outcome == ReadOutcome::kEnd);
    // A short read means that everything is read, unless the peer has closed: its end comes without another event.
    readable_ = socket_.may_have_more(got, ProxyShard::kReadSize) || peer_closed_;
    on_bytes(proxy_.read_buffer(), got);
    if (!readable_) return;
    if (proxy_.queue().turn_is_long(got)) break;
  }
  if (exchange_ != nullptr) proxy_.queue().add(*this);
}

MemoryOwner BackendConnection::memory_owner() {
  const MemoryClass of = state_ == State::kHead ? MemoryClass::kRouterHeads : MemoryClass::kRouterBodies;
  return {proxy_.shard(), of, *this};
}

void BackendConnection::give_up_memory(MemoryClass of) {
  if (exchange_ != nullptr)
    return exchange_->on_fault(of == MemoryClass::kRouterHeads ? Fault::kHeadMemory : Fault::kBodyMemory);
  if (state_ == State::kIdle) upstream_.forget_idle(*this);
  close();
}

void BackendConnection::on_bytes(char* data, std::size_t size) {
  answered_ = true;
  if (unparsed_.empty()) {
    const std::size_t used = process(data, size);
    if (exchange_ != nullptr) unparsed_.append({data + used, size - used}, memory_owner());
    return;
  }
  unparsed_.append({data, size}, memory_owner());
  const std::size_t used = process(unparsed_.data(), unparsed_.size());
  if (exchange_ != nullptr) unparsed_.consume(used);
}

/// Returns how many bytes it used: fewer when a head is incomplete or the exchange has ended.
std::size_t BackendConnection::process(char* data, std::size_t size) {
  std::size_t used = 0;
  while (used < size && exchange_ != nullptr) {
    const std::size_t here =
        state_ == State::kHead ? process_head(data + used, size - used) : process_body(data + used, size - used);
    if (here == 0) break;
    used += here;
  }
  return used;
}

std::size_t BackendConnection::process_head(char* data, std::size_t size) {
  if (!parser_) {
    parser_ = proxy_.take_response_parser();
    parser_->reset(exchange_->request().to_head());
  }
  const http1::Progress progress = parser_->parse(data, size);
  if (progress == http1::Progress::kMore) return 0;
  if (progress == http1::Progress::kError) {
    exchange_->on_fault(http1::fault_of(parser_->error()));
    return size;
  }
  auto parser = std::move(parser_);  // the next head needs a fresh parser
  std::size_t used = parser->consumed();
  if (parser->head().interim())
    exchange_->on_interim(parser->head());
  else
    used += on_final_head(*parser, data + used, size - used);
  proxy_.give_back(std::move(parser));
  return used;
}

/// Passes on the head together with the body bytes that came with it, so that both leave in one send. Returns how many
/// body bytes it used.
std::size_t BackendConnection::on_final_head(const http1::ResponseParser& parser, char* data, std::size_t size) {
  std::size_t taken = 0;
  const ResponseHead& head = parser.head();
  body_.start(head.body(), head.length, http1::ChunkRules::kLenient);
  keep_alive_ = parser.keep_alive();
  state_ = head.status == 101 ? State::kTunnel : State::kBody;
  const std::string_view body = take_body(data, size, taken);
  const bool complete = state_ == State::kBody && body_.done();
  excess_ = complete && taken < size;
  exchange_->on_response(head, body, complete);
  if (exchange_ != nullptr && body_.bad()) exchange_->on_fault(Fault::kMalformed);
  return taken;
}

std::string_view BackendConnection::take_body(char* data, std::size_t size, std::size_t& taken) {
  if (state_ == State::kTunnel) {
    taken = size;
    return {data, size};
  }
  if (!exchange_->request().takes_chunks()) return {data, body_.decode(data, size, data, taken)};
  return {data, body_.pass_on(data, size, taken)};
}

std::size_t BackendConnection::process_body(char* data, std::size_t size) {
  std::size_t taken = 0;
  const std::string_view body = take_body(data, size, taken);
  const bool complete = state_ == State::kBody && body_.done();
  excess_ = complete && taken < size;
  if (taken > 0) exchange_->on_response_bytes(body, complete);
  if (exchange_ != nullptr && body_.bad()) exchange_->on_fault(Fault::kMalformed);
  return taken;
}

void BackendConnection::on_end(bool clean) {
  readable_ = false;
  if (clean && state_ == State::kBody && body_.kind() == BodyKind::kUntilEnd) {
    keep_alive_ = false;
    return exchange_->on_response_bytes({}, true);
  }
  if (clean && state_ == State::kTunnel) return exchange_->on_tunnel_end_of_responder();
  exchange_->on_responder_gone(answered_);
}

/// True when the response is complete and no further bytes have come.
bool BackendConnection::reusable() const {
  if (!keep_alive_ || excess_ || peer_closed_ || socket_.blocked() || state_ != State::kBody) return false;
  return !readable_ || !socket_.has_input();
}

void BackendConnection::release(bool request_complete) {
  exchange_ = nullptr;
  const ProxySettings& settings = proxy_.settings();
  const bool keep = request_complete && reusable() && !proxy_.draining();
  if (!keep || !upstream_.keep_idle(*this, settings.pool_max_idle)) return close();
  state_ = State::kIdle;
  readable_ = false;
  unparsed_.clear();
  idle_.arm(settings.pool_idle);
}

void BackendConnection::close() {
  if (state_ == State::kClosed) return;
  state_ = State::kClosed;
  picker_ = nullptr;
  exchange_ = nullptr;
  idle_.disarm();
  unparsed_.clear();
  if (parser_) proxy_.give_back(std::move(parser_));
  Shard& shard = proxy_.shard();
  Resumable::unlink();
  if (socket_.is_open()) shard.poller().remove(socket_.fd(), *this);
  socket_.close();
  --proxy_.counters().backend_connections;
  shard.retire(std::unique_ptr<Retired>(this));
}

/// Connections that became idle together time out together; the queue spreads them over several turns.
void BackendConnection::on_idle_too_long() {
  timed_out_ = true;
  proxy_.queue().add(*this);
}

void BackendConnection::end_idleness() {
  if (state_ != State::kIdle || idle_.armed()) return;  // it has served a request since
  upstream_.forget_idle(*this);
  close();
}

}  // namespace sluice::router
