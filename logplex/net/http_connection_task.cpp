#include "logplex/net/http_connection_task.hpp"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <ctime>

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include "logplex/base/log.hpp"

namespace sluice {
namespace {

constexpr std::size_t kReadSize = 16 << 10;
constexpr std::size_t kBodyReadSize = 64 << 10;
constexpr std::chrono::seconds kLingerTime{2};

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

bool only_cancelled(const boost::system::system_error& error) { return error.code() == asio::error::operation_aborted; }

}  // namespace

HttpConnectionTask::HttpConnectionTask(HttpServer& server, TcpSocket socket, std::string peer, ConnectionTicket ticket)
    : server_(server),
      socket_(std::move(socket)),
      ticket_(std::move(ticket)),
      peer_(std::move(peer)),
      exchange_(*this),
      deadline_(server.shard_.wheel(), &HttpConnectionTask::on_time, this) {
  server_.connections_.insert(this);
}

HttpConnectionTask::~HttpConnectionTask() {
  if (watch_) watch_->connection = nullptr;
  if (!orphaned_) server_.connections_.erase(this);
}

void HttpConnectionTask::on_time(void* self) {
  auto& connection = *static_cast<HttpConnectionTask*>(self);
  connection.timed_out_ = true;
  error_code ignored;
  connection.socket_.cancel(ignored);
}

void HttpConnectionTask::limit_step(Duration time) {
  timed_out_ = false;
  deadline_.arm(time);
}

void HttpConnectionTask::end_limit() { deadline_.disarm(); }

void HttpConnectionTask::stop() {
  error_code ignored;
  if (step_ == Step::kIdle) socket_.cancel(ignored);
  if (step_ != Step::kStreaming) return;
  note_end_of_stream();
  // A client that does not read must not hold the stop up.
  limit_step(kLingerTime);
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

/// True when bytes of a request are there. Waits without a buffer.
Task<bool> HttpConnectionTask::wait_for_request() {
  step_ = Step::kIdle;
  if (server_.stopping_) co_return false;
  if (!in_.empty()) co_return true;
  std::string().swap(in_);  // an assignment would keep the buffer
  limit_step(server_.options_.idle_timeout);
  const auto [failed] = co_await socket_.async_wait(TcpSocket::wait_read, use_tuple);
  end_limit();
  co_return !failed && !timed_out_ && !server_.stopping_;
}

/// False when the connection is to be closed: the client left, or was refused and told so.
Task<bool> HttpConnectionTask::read_head() {
  step_ = Step::kHead;
  limit_step(server_.options_.request_timeout);
  parser_ = std::make_unique<HttpRequestParser>(server_.options_.header_max);
  answered_ = body_read_ = asked_for_body_ = close_ = false;
  while (!parser_->head_done() && !parser_->refusal()) {
    in_.erase(0, parser_->feed_head(in_));
    if (parser_->head_done() || parser_->refusal()) break;
    const auto got = co_await read_more(kReadSize);
    if (got) continue;
    if (got.error() == NetError::kTimedOut) co_await refuse(408, "the request took too long");
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
  co_return true;
}

/// Answers on our own behalf and closes.
Task<void> HttpConnectionTask::refuse(int status, std::string text) {
  close_ = true;
  const HttpResponse response = server_.handler_.refused(status, std::move(text));
  const std::string head = render_head(response, false);
  answered_ = true;
  limit_step(server_.options_.request_timeout);
  co_await send_all(head, response.body);
  end_limit();
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
  end_limit();
  if (close_ || server_.stopping_) co_return false;
  bool clean = true;
  if (!parser_->body_done()) clean = co_await drain_body();
  parser_.reset();
  request_ = {};
  co_return clean;
}

/// Reads and forgets what is left of the body; false when that is too much or too slow.
Task<bool> HttpConnectionTask::drain_body() {
  limit_step(server_.options_.request_timeout);
  std::string forgotten;
  const auto drained = co_await read_whole_body(forgotten, server_.options_.drain_max);
  end_limit();
  co_return drained.has_value();
}

/// Closes so that the last answer arrives: a close with unread bytes would reset the connection and destroy it.
Task<void> HttpConnectionTask::linger() {
  if (client_gone_ || timed_out_) co_return;
  error_code ignored;
  socket_.shutdown(TcpSocket::shutdown_send, ignored);
  limit_step(kLingerTime);
  for (;;) {
    std::string().swap(in_);  // an assignment would keep the buffer
    const auto got = co_await read_more(kReadSize);
    if (!got) break;
  }
  end_limit();
}

/// What a caller is told about a failed read or write.
error_code HttpConnectionTask::broken(error_code failed) const {
  if (timed_out_) {
    ++server_.counters_.timed_out;
    return NetError::kTimedOut;
  }
  return failed == asio::error::operation_aborted ? failed : make_error_code(NetError::kClosed);
}

/// Appends what is there to in_, by way of a buffer that all connections of the thread share: one that waits holds no
/// more than it has received. As recv().
ssize_t HttpConnectionTask::receive(std::size_t at_most) {
  static thread_local std::array<char, kBodyReadSize> buffer;
  const auto got = ::recv(socket_.native_handle(), buffer.data(), std::min(at_most, buffer.size()), MSG_DONTWAIT);
  if (got > 0) in_.append(buffer.data(), static_cast<std::size_t>(got));
  return got;
}

/// Appends what is there, at least one byte, to in_.
Task<result<void>> HttpConnectionTask::read_more(std::size_t at_most) {
  for (;;) {
    if (timed_out_) co_return broken({});
    const auto got = receive(at_most);
    if (got > 0) co_return result<void>();
    if (got == 0 || (errno != EAGAIN && errno != EINTR)) co_return broken({});
    const auto [failed] = co_await socket_.async_wait(TcpSocket::wait_read, use_tuple);
    if (failed) co_return broken(failed);
  }
}

/// Sends both parts, in one piece while the kernel has room.
Task<result<void>> HttpConnectionTask::send_all(std::string_view first, std::string_view second) {
  while (!first.empty() || !second.empty()) {
    if (timed_out_) co_return broken({});
    iovec parts[2] = {{const_cast<char*>(first.data()), first.size()},
                      {const_cast<char*>(second.data()), second.size()}};
    msghdr message{};
    message.msg_iov = parts;
    message.msg_iovlen = 2;
    const auto sent = ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      const auto of_first = std::min(first.size(), static_cast<std::size_t>(sent));
      first.remove_prefix(of_first);
      second.remove_prefix(static_cast<std::size_t>(sent) - of_first);
      if (step_ == Step::kStreaming && !stopping()) limit_step(server_.options_.stream_stall_timeout);
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN) co_return broken({});
    const auto [failed] = co_await socket_.async_wait(TcpSocket::wait_write, use_tuple);
    if (failed) co_return broken(failed);
  }
  co_return result<void>();
}

Task<result<void>> HttpConnectionTask::read_whole_body(std::string& body, Bytes limit) {
  for (;;) {
    const auto taken = parser_->feed_body(in_, body);
    if (!taken) co_return taken.error();
    in_.erase(0, *taken);
    if (body.size() > limit.count) co_return make_error_code(NetError::kBodyTooLarge);
    if (parser_->body_done()) co_return result<void>();
    SLUICE_CO_TRY_VOID(co_await read_more(kBodyReadSize));
  }
}

Task<result<std::string>> HttpConnectionTask::read_body(Bytes limit) {
  std::string body;
  if (body_read_) co_return make_error_code(NetError::kMalformed);
  body_read_ = true;
  if (parser_->content_length().value_or(0) > limit.count) {
    close_ = close_ || !drainable();
    co_return make_error_code(NetError::kBodyTooLarge);
  }
  if (parser_->expects_continue() && in_.empty() && parser_->has_body()) {
    asked_for_body_ = true;
    SLUICE_CO_TRY_VOID(co_await send_all("HTTP/1.1 100 Continue\r\n\r\n", {}));
  }
  const auto read = co_await read_whole_body(body, limit);
  end_limit();
  if (read) co_return body;
  close_ = true;
  if (read.error() == NetError::kTimedOut) co_await refuse(408, "the request took too long");
  answered_ = answered_ || read.error() == NetError::kClosed;
  co_return read.error();
}

/// True when what is left of the body will soon be here and is small.
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
  for (const auto& [name, value] : response.headers) head += "\r\n" + name + ": " + value;
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
  limit_step(server_.options_.request_timeout);
  const auto sent = co_await send_all(head, no_body ? std::string_view() : std::string_view(response.body));
  end_limit();
  if (!sent) client_gone_ = close_ = true;
}

Task<result<void>> HttpConnectionTask::start_stream(HttpResponse head) {
  if (answered_) co_return make_error_code(NetError::kClosed);
  answered_ = close_ = true;
  step_ = Step::kStreaming;
  ++server_.counters_.streams;
  chunked_ = request_.version >= 11;
  parser_.reset();
  std::string().swap(in_);  // an assignment would keep the buffer
  const std::string text = render_head(head, true);
  limit_step(server_.options_.request_timeout);
  const auto sent = co_await send_all(text, {});
  end_limit();
  if (!sent) {
    client_gone_ = true;
    co_return sent.error();
  }
  watch_client();
  co_return result<void>();
}

Task<result<void>> HttpConnectionTask::write(std::string bytes) {
  if (client_gone_) co_return make_error_code(NetError::kClosed);
  if (stopping()) co_return make_error_code(NetError::kStopping);
  if (bytes.empty() || request_.method == "HEAD") co_return result<void>();
  char size[24] = {};
  if (chunked_) {
    std::snprintf(size, sizeof size, "%zx\r\n", bytes.size());
    bytes += "\r\n";
  }
  limit_step(server_.options_.stream_stall_timeout);
  const auto sent = co_await send_all(size, bytes);
  end_limit();
  if (!sent) client_gone_ = true;
  co_return sent;
}

Task<void> HttpConnectionTask::finish() {
  if (client_gone_ || step_ != Step::kStreaming || !chunked_ || request_.method == "HEAD") co_return;
  limit_step(kLingerTime);
  const auto sent = co_await send_all("0\r\n\r\n", {});
  end_limit();
  if (!sent) client_gone_ = true;
}

void HttpConnectionTask::on_client_gone(Event* event) {
  gone_event_ = event;
  if (event != nullptr && (client_gone_ || stopping())) event->set();
}

/// Waits for the client's next bytes without a buffer or a task: it has nothing to say, so this is mostly its end.
void HttpConnectionTask::watch_client() {
  if (!watch_) watch_ = std::make_shared<Watch>(Watch{this});
  socket_.async_wait(TcpSocket::wait_read, [watch = watch_](const error_code& failed) {
    if (watch->connection != nullptr && !failed) watch->connection->on_readable();
  });
}

void HttpConnectionTask::on_readable() {
  if (step_ != Step::kStreaming) return;
  char ignored[512];
  const auto got = ::recv(socket_.native_handle(), ignored, sizeof ignored, MSG_DONTWAIT);
  if (got > 0 || (got < 0 && errno == EAGAIN)) return watch_client();
  client_gone_ = true;
  note_end_of_stream();
}

}  // namespace sluice
