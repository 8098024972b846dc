#include "logplex/net/http/http_connection_task.hpp"

#include <ctime>
#include <utility>

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include "logplex/base/log.hpp"

namespace sluice {
namespace {

constexpr std::size_t kReadSize = 16 << 10;
constexpr std::size_t kBodyReadSize = PacedSocket::kLargestRead;
constexpr std::size_t kNextToNothing = 8 << 10;  // memory that a request may hold even when memory is short
/// Work charged for a request beside its bytes: a whole share, so that a pipelining client yields after each answer.
constexpr std::size_t kRequestWork = PacedSocket::kShare;
/// Parsed fields and the parser itself, roughly, beside a head's bytes.
constexpr std::size_t kParserBytes = 1 << 10;
constexpr MemoryClass kAnswers = MemoryClass::kApiStreams;
constexpr std::chrono::seconds kLingerTime{2};
/// A client that goes on sending must not delay the stop.
constexpr std::chrono::milliseconds kLingerTimeAtStop{250};
constexpr const char* kShortOfMemory = "this server is short of memory for requests; try again later";
/// Time to send the end of a stream that has to end now.
constexpr std::chrono::milliseconds kEndTime{500};

std::string http_date(WallTime now) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[40];
  const auto size = std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return {text, size};
}

/// Statuses whose answers have neither body nor Content-Length (RFC 9110, 8.6).
bool bodiless(int status) { return status < 200 || status == 204 || status == 304; }

/// A short text is stored in the string object itself.
std::size_t in_heap(const std::string& text) { return text.capacity() < sizeof(std::string) ? 0 : text.capacity(); }

bool only_cancelled(const boost::system::system_error& error) { return error.code() == asio::error::operation_aborted; }

}  // namespace

HttpConnectionTask::HttpConnectionTask(HttpServer& server, TcpSocket socket, std::string peer, ConnectionTicket ticket)
    : Unproven(server.shard_.wheel()),
      server_(server),
      socket_(server.shard_, std::move(socket)),
      ticket_(std::move(ticket)),
      peer_(std::move(peer)),
      exchange_(*this),
      request_charge_(server.shard_, server.options_.memory, *this),
      answer_charge_(server.shard_, kAnswers, *this) {
  server_.connections_.insert(this);
  count_as_unproven();
}

HttpConnectionTask::~HttpConnectionTask() {
  if (watch_) watch_->connection = nullptr;
  if (!orphaned_) leave_pool();
  if (!orphaned_) server_.connections_.erase(this);
}

/// Charges what is held of the request. While a head is parsed, its bytes are held twice.
void HttpConnectionTask::charge() {
  const std::size_t parser = parser_ == nullptr || in_.empty() ? 0 : kParserBytes;
  request_charge_.set(in_heap(in_) + head_bytes_ + body_held_ + kept_bytes_ + parser);
}

void HttpConnectionTask::keeps(std::size_t bytes) {
  kept_bytes_ = bytes;
  charge();
}

/// A request whose body is complete is still answered, which frees its memory, too. If the handler has not begun to
/// read the body, begin_body() refuses the request.
void HttpConnectionTask::give_up_memory(MemoryClass of) {
  close_ = true;
  const bool reads_body = body_begun_ && parser_ != nullptr && !parser_->body_done();
  if (of == kAnswers)
    socket_.give_up_sending();
  else if (step_ == Step::kHead || reads_body)
    socket_.give_up_reading();
  else
    end_stream_soon();
}

/// A parsed head takes more than its bytes when it has many small fields.
std::size_t HttpConnectionTask::head_memory() const {
  std::size_t bytes = in_heap(request_.target) + in_heap(request_.path);
  for (const auto* fields : {&request_.headers, &request_.query})
    for (const auto& [name, value] : *fields) bytes += sizeof(*fields->data()) + in_heap(name) + in_heap(value);
  return bytes;
}

void HttpConnectionTask::orphan() {
  leave_pool();
  end_of_connection();
  orphaned_ = true;
}

/// May end the connection at once, by setting not_proven_.
void HttpConnectionTask::count_as_unproven() {
  leave_pool();
  if (server_.options_.unproven != nullptr) server_.options_.unproven->add(*this);
}

void HttpConnectionTask::note_proven() {
  const bool was_listed = is_listed();
  leave_unproven();
  if (!was_listed || !server_.options_.prove_each_request) return;
  server_.options_.unproven->pool().count_proven(1);
  counts_as_proven_ = true;
}

void HttpConnectionTask::leave_pool() {
  leave_unproven();
  if (std::exchange(counts_as_proven_, false)) server_.options_.unproven->pool().count_proven(-1);
}

/// Only while it waits for a request: while the client does not take an answer, it cannot read further bytes.
bool HttpConnectionTask::has_unread() { return (step_ == Step::kIdle || step_ == Step::kHead) && socket_.has_unread(); }

/// In the middle of a head the client gets a 408. A busy shard may be late to read what a client sent in time: then the
/// client gets its time again, once.
void HttpConnectionTask::on_not_proven(NotProven why) {
  if (why == NotProven::kTooLate && has_unread() && !std::exchange(spared_, true))
    return server_.options_.unproven->add(*this);
  not_proven_ = close_ = true;
  if (why == NotProven::kCrowded) ++server_.counters_.crowded_out;
  // Its place is needed now: it does not linger after the answer.
  client_gone_ = client_gone_ || why == NotProven::kCrowded;
  server_.handler_.not_proven(why, peer_);
  socket_.time_out();
}

void HttpConnectionTask::stop() {
  if (step_ == Step::kIdle) socket_.cancel();
  if (step_ != Step::kStreaming) return;
  note_end_of_stream();
  // A client that does not read must not delay the stop.
  socket_.limit(kLingerTime);
}

void HttpConnectionTask::end_stream_soon() {
  if (step_ != Step::kStreaming || ending_) return;
  ending_ = true;
  note_end_of_stream();
  // Ends a write under way at once: the client may be one that does not read.
  if (sending_) socket_.time_out();
}

void HttpConnectionTask::note_end_of_stream() {
  if (gone_event_ != nullptr) gone_event_->set();
}

Task<void> HttpConnectionTask::run() {
  for (;;) {
    const bool begun = co_await wait_for_request();
    if (!begun) co_return;
    const bool understood = co_await read_head();
    if (!understood) break;
    co_await call_handler();
    const bool another = co_await end_of_request();
    if (!another) break;
  }
  co_await linger();
}

/// True when bytes of a request have arrived. Waits without a buffer.
Task<bool> HttpConnectionTask::wait_for_request() {
  step_ = Step::kIdle;
  if (server_.stopping_ || not_proven_) co_return false;
  if (!in_.empty()) co_return true;
  std::string().swap(in_);  // an assignment would keep the buffer
  charge();
  socket_.limit(server_.options_.idle_timeout);
  const error_code failed = co_await socket_.readable();
  socket_.end_limit();
  co_return !failed && !server_.stopping_;
}

/// False when the connection is to be closed: the client left, or its request was refused with an answer.
Task<bool> HttpConnectionTask::read_head() {
  step_ = Step::kHead;
  socket_.limit(server_.options_.request_timeout);
  parser_ = std::make_unique<HttpRequestParser>(server_.options_.header_max);
  answered_ = body_begun_ = asked_for_body_ = close_ = stop_reading_ = false;
  body_bytes_ = 0;
  while (!parser_->head_done() && !parser_->refusal()) {
    in_.erase(0, parser_->feed_head(in_));
    if (parser_->head_done() || parser_->refusal()) break;
    const auto got = co_await read_more(kReadSize);
    if (got) continue;
    if (got.error() == NetError::kTimedOut) co_await refuse(408, "the request took too long");
    if (got.error() == boost::system::errc::not_enough_memory) co_await refuse(503, kShortOfMemory);
    co_return false;
  }
  if (parser_->refusal()) {
    ++server_.counters_.malformed;
    const HttpRefusal refusal = *parser_->refusal();
    co_await refuse(refusal.status, refusal.text);
    co_return false;
  }
  parser_->take_head(request_);
  request_.peer = peer_;
  head_bytes_ = head_memory();
  charge();
  co_return true;
}

/// Sends the server's own answer; the connection closes after it.
Task<void> HttpConnectionTask::refuse(int status, std::string text) {
  close_ = true;
  HttpResponse response = server_.handler_.refused(status, std::move(text));
  if (status == 503) response.headers.emplace_back("Retry-After", "1");
  const std::string head = render_head(response, false);
  answered_ = true;
  socket_.limit(server_.options_.request_timeout);
  co_await send_all(head, response.body);
  socket_.end_limit();
}

Task<void> HttpConnectionTask::call_handler() {
  step_ = Step::kHandling;
  ++server_.counters_.requests;
  std::exception_ptr cancelled;
  try {
    co_await server_.handler_.handle(exchange_);
  } catch (const boost::system::system_error& error) {
    if (only_cancelled(error)) {
      cancelled = std::current_exception();
    } else {
      log_error("request failed", {{"listener", server_.options_.name}, {"error", error.what()}});
    }
  } catch (const std::exception& error) {
    log_error("request failed", {{"listener", server_.options_.name}, {"error", error.what()}});
  }
  gone_event_ = nullptr;
  if (cancelled) std::rethrow_exception(cancelled);
  if (!answered_) co_await refuse(500, "the request could not be answered");
}

/// True when another request may follow on this connection.
Task<bool> HttpConnectionTask::end_of_request() {
  socket_.end_limit();
  kept_bytes_ = head_bytes_ = body_held_ = 0;
  charge();
  if (counts_as_proven_) count_as_unproven();
  if (close_ || server_.stopping_ || not_proven_) co_return false;
  bool clean = true;
  if (!parser_->body_done()) clean = co_await drain_body();
  parser_.reset();
  request_ = {};
  co_await socket_.give_way(kRequestWork);
  co_return clean && !not_proven_;
}

/// Reads and discards the rest of the body; false when that is too much or too slow.
Task<bool> HttpConnectionTask::drain_body() {
  socket_.limit(server_.options_.request_timeout);
  const std::uint64_t most = body_bytes_ + server_.options_.drain_max.count;
  bool clean = true;
  while (clean && !parser_->body_done() && body_bytes_ <= most) {
    std::string forgotten;
    const auto fed = co_await feed_body(forgotten);
    clean = fed.has_value();
  }
  socket_.end_limit();
  co_return clean && parser_->body_done();
}

/// Closes so that the last answer arrives: a close with unread bytes would reset the connection and lose the answer.
Task<void> HttpConnectionTask::linger() {
  if (client_gone_ || socket_.timed_out()) co_return;
  socket_.shut_down_sending();
  socket_.limit(stopping() ? kLingerTimeAtStop : kLingerTime);
  for (;;) {
    std::string().swap(in_);  // an assignment would keep the buffer
    charge();
    const auto got = co_await read_more(kReadSize);
    if (!got) break;
  }
  socket_.end_limit();
}

/// True while requests hold too much memory and others must give theirs up; never for at most kNextToNothing.
bool HttpConnectionTask::must_wait_for_memory() const {
  return request_charge_.class_is_full() && request_charge_.bytes() > kNextToNothing && !request_charge_.told() &&
         !stop_reading_ && !socket_.timed_out();
}

/// Appends what has arrived, at least one byte, to in_.
Task<result<void>> HttpConnectionTask::read_more(std::size_t at_most) {
  charge();
  const auto got = co_await socket_.read(in_, at_most);
  if (got) note_activity();
  charge();
  if (!got && got.error() == NetError::kTimedOut) ++server_.counters_.timed_out;
  co_return got;
}

/// Charges what the client has not taken: the bytes stay in memory until the client takes them or leaves.
Task<result<void>> HttpConnectionTask::send_all(std::string_view first, std::string_view second) {
  answer_charge_.set(first.size() + second.size());
  const bool streams = step_ == Step::kStreaming && !stopping();
  const Duration stall = streams ? server_.options_.stream_stall_timeout : Duration{0};
  sending_ = true;
  const auto sent = co_await socket_.send(first, second, stall);
  sending_ = false;
  answer_charge_.set(0);
  if (!sent && sent.error() == NetError::kTimedOut) ++server_.counters_.timed_out;
  co_return sent;
}

/// Called once, before the first byte of the body is read.
Task<result<void>> HttpConnectionTask::begin_body(Bytes limit) {
  body_begun_ = true;
  if (request_charge_.told()) co_return make_error_code(boost::system::errc::not_enough_memory);
  if (parser_->content_length().value_or(0) > limit.count) {
    close_ = close_ || !drainable();
    co_return make_error_code(NetError::kBodyTooLarge);
  }
  if (parser_->expects_continue() && in_.empty() && parser_->has_body()) {
    asked_for_body_ = true;
    SLUICE_CO_TRY_VOID(co_await send_all("HTTP/1.1 100 Continue\r\n\r\n", {}));
  }
  co_return result<void>();
}

/// Appends the next bytes of the body, at least one unless it ends here.
Task<result<void>> HttpConnectionTask::feed_body(std::string& body) {
  const std::size_t before = body.size();
  for (;;) {
    while (must_wait_for_memory()) co_await sleep_for(Wheel::kTick);
    if (stop_reading_) co_return make_error_code(asio::error::operation_aborted);
    const auto taken = parser_->feed_body(in_, body);
    if (!taken) co_return taken.error();
    in_.erase(0, *taken);
    if (body.size() > before || parser_->body_done()) break;
    const std::size_t at_most = request_charge_.class_is_full() ? kNextToNothing : kBodyReadSize;
    SLUICE_CO_TRY_VOID(co_await read_more(at_most));
  }
  body_bytes_ += body.size() - before;
  co_return result<void>();
}

/// Answers for a body that could not be read, unless the handler does.
Task<void> HttpConnectionTask::refuse_body(error_code why) {
  socket_.end_limit();
  if (why == NetError::kBodyTooLarge && !asked_for_body_ && body_bytes_ == 0) co_return;
  close_ = true;
  if (why == NetError::kTimedOut) co_await refuse(408, "the request took too long");
  if (why == boost::system::errc::not_enough_memory) co_await refuse(503, kShortOfMemory);
  answered_ = answered_ || why == NetError::kClosed;
}

Task<result<std::string>> HttpConnectionTask::read_body(Bytes limit) {
  std::string body;
  if (body_begun_) co_return make_error_code(NetError::kMalformed);
  result<void> read = co_await begin_body(limit);
  while (read && !parser_->body_done()) {
    read = co_await feed_body(body);
    body_held_ = in_heap(body);
    charge();
    if (read && body.size() > limit.count) read = make_error_code(NetError::kBodyTooLarge);
  }
  if (!read) co_await refuse_body(read.error());
  if (!read) co_return read.error();
  socket_.end_limit();
  co_return body;
}

Task<result<std::string>> HttpConnectionTask::read_some(Bytes limit) {
  std::string piece;
  result<void> read;
  if (!body_begun_) read = co_await begin_body(limit);
  if (read && !parser_->body_done()) read = co_await feed_body(piece);
  if (read && body_bytes_ > limit.count) read = make_error_code(NetError::kBodyTooLarge);
  if (!read) co_await refuse_body(read.error());
  if (!read) co_return read.error();
  if (parser_->body_done()) socket_.end_limit();
  co_return piece;
}

void HttpConnectionTask::stop_reading() {
  stop_reading_ = close_ = true;
  if (step_ == Step::kHandling && body_begun_ && !answered_) socket_.cancel();
}

/// True when the rest of the body is small and will arrive soon.
bool HttpConnectionTask::drainable() const {
  if (parser_->body_done()) return true;
  if (parser_->expects_continue() && !asked_for_body_) return false;
  return parser_->content_length().value_or(0) <= server_.options_.drain_max.count;
}

void HttpConnectionTask::decide_on_close() {
  close_ = close_ || server_.stopping_ || !parser_->keep_alive() || !drainable();
}

std::string HttpConnectionTask::render_head(const HttpResponse& response, bool streaming) const {
  std::string head = "HTTP/1.1 " + std::to_string(response.status) + ' ';
  head += response.reason.empty() ? std::string(reason_of(response.status)) : response.reason;
  head += "\r\nDate: " + http_date(server_.shard_.wall_now());
  head += "\r\nServer: " + server_.options_.server_header;
  for (const auto& [name, value] : response.headers) head.append("\r\n").append(name).append(": ").append(value);
  if (streaming && chunked_) head += "\r\nTransfer-Encoding: chunked";
  if (!streaming && !bodiless(response.status)) head += "\r\nContent-Length: " + std::to_string(response.body.size());
  if (close_) {
    head += "\r\nConnection: close";
  } else if (request_.version < 11) {
    head += "\r\nConnection: keep-alive";
  }
  return head + "\r\n\r\n";
}

Task<void> HttpConnectionTask::reply(HttpResponse response) {
  if (answered_) co_return;
  answered_ = true;
  decide_on_close();
  const std::string head = render_head(response, false);
  const bool no_body = request_.method == "HEAD" || bodiless(response.status);
  socket_.limit(server_.options_.request_timeout);
  const auto sent = co_await send_all(head, no_body ? std::string_view() : std::string_view(response.body));
  socket_.end_limit();
  if (!sent) client_gone_ = close_ = true;
}

Task<result<void>> HttpConnectionTask::start_stream(HttpResponse head) {
  if (answered_) co_return make_error_code(NetError::kClosed);
  answered_ = close_ = true;
  step_ = Step::kStreaming;
  if (server_.options_.prove_each_request) note_proven();
  ++server_.counters_.streams;
  chunked_ = request_.version >= 11;
  parser_.reset();
  std::string().swap(in_);  // an assignment would keep the buffer
  const std::string text = render_head(head, true);
  socket_.limit(server_.options_.request_timeout);
  const auto sent = co_await send_all(text, {});
  socket_.end_limit();
  if (!sent) {
    client_gone_ = true;
    co_return sent.error();
  }
  watch_client();
  co_return result<void>();
}

Task<result<void>> HttpConnectionTask::write(std::string bytes) {
  if (client_gone_) co_return make_error_code(NetError::kClosed);
  if (stopping() || ending_) co_return make_error_code(NetError::kStopping);
  if (bytes.empty() || request_.method == "HEAD") co_return result<void>();
  char size[24] = {};
  if (chunked_) {
    std::snprintf(size, sizeof size, "%zx\r\n", bytes.size());
    bytes += "\r\n";
  }
  socket_.limit(server_.options_.stream_stall_timeout);
  const auto sent = co_await send_all(size, bytes);
  socket_.end_limit();
  if (!sent) client_gone_ = true;
  co_return sent;
}

Task<void> HttpConnectionTask::finish() {
  if (client_gone_ || step_ != Step::kStreaming || !chunked_ || request_.method == "HEAD") co_return;
  socket_.limit(ending_ ? Duration(kEndTime) : Duration(kLingerTime));
  const auto sent = co_await send_all("0\r\n\r\n", {});
  socket_.end_limit();
  if (!sent) client_gone_ = true;
}

void HttpConnectionTask::on_client_gone(Event* event) {
  gone_event_ = event;
  if (event != nullptr && (client_gone_ || stopping() || ending_)) event->set();
}

/// Waits, without a buffer or a task, for the client's next bytes; during a stream these are rare, so mostly its close.
void HttpConnectionTask::watch_client() {
  if (!watch_) watch_ = std::make_shared<Watch>(Watch{this});
  socket_.when_readable([watch = watch_](const error_code& failed) {
    if (watch->connection != nullptr && !failed) watch->connection->on_readable();
  });
}

void HttpConnectionTask::on_readable() {
  if (step_ != Step::kStreaming) return;
  if (socket_.discard_some()) return watch_client();
  client_gone_ = true;
  note_end_of_stream();
}

}  // namespace sluice
