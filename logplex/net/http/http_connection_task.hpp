#pragma once

#include <memory>
#include <string>

#include "logplex/net/http/http_request_parser.hpp"
#include "logplex/net/http/http_server.hpp"
#include "logplex/net/http/paced_socket.hpp"
#include "logplex/runtime/memory_account.hpp"

namespace sluice {

/// One connection of an HttpServer: reads a request, lets the handler answer, reads the next. Owned by its task in the
/// server's gate. An idle or streaming connection owns no buffer.
///
/// After each request, and after each share of bytes, it yields to the shard's other connections. The bytes it holds of
/// a request, and of an answer that the client has not taken, are charged to the shard's memory account. When the
/// account tells it to give up memory, it answers 503 while it reads a request, and closes while it writes an answer.
class HttpConnectionTask final : private MemoryHolder, private Unproven {
 public:
  HttpConnectionTask(HttpServer& server, TcpSocket socket, std::string peer, ConnectionTicket ticket);
  ~HttpConnectionTask() override;

  Task<void> run();
  /// Ends the connection as soon as the request that has begun is answered.
  void stop();
  /// Call it when the server is destroyed before this task, as when the process ends without waiting. After it, only
  /// destroy the task.
  void orphan();

  // What HttpExchange offers.
  const HttpRequest& request() const { return request_; }
  Task<result<std::string>> read_body(Bytes limit);
  Task<result<std::string>> read_some(Bytes limit);
  void stop_reading();
  void keeps(std::size_t bytes);
  void note_proven();
  Task<void> reply(HttpResponse response);
  Task<result<void>> start_stream(HttpResponse head);
  Task<result<void>> write(std::string bytes);
  Task<void> finish();
  void on_client_gone(Event* event);
  bool client_gone() const { return client_gone_; }
  bool stopping() const { return server_.stopping_; }
  void end_stream_soon();

 private:
  /// Kept by a wait for the client's next bytes, because the connection may be destroyed before that wait ends.
  struct Watch {
    HttpConnectionTask* connection;
  };
  enum class Step : std::uint8_t { kIdle, kHead, kHandling, kStreaming };

  Task<bool> wait_for_request();
  Task<bool> read_head();
  Task<void> call_handler();
  Task<bool> end_of_request();
  Task<bool> drain_body();
  Task<void> linger();
  bool must_wait_for_memory() const;
  Task<result<void>> read_more(std::size_t at_most);
  Task<result<void>> send_all(std::string_view first, std::string_view second);
  Task<result<void>> begin_body(Bytes limit);
  Task<result<void>> feed_body(std::string& body);
  Task<void> refuse_body(error_code why);
  Task<void> refuse(int status, std::string text);
  std::string render_head(const HttpResponse& response, bool streaming) const;
  void decide_on_close();
  bool drainable() const;
  void charge();
  std::size_t head_memory() const;
  void give_up_memory(MemoryClass of) override;
  void on_not_proven(NotProven why) override;
  bool has_unread() override;
  void count_as_unproven();
  void leave_pool();
  void watch_client();
  void on_readable();
  void note_end_of_stream();

  HttpServer& server_;
  PacedSocket socket_;
  ConnectionTicket ticket_;
  const std::string peer_;
  HttpExchange exchange_;
  std::string in_;  // received, not yet parsed
  std::unique_ptr<HttpRequestParser> parser_;
  HttpRequest request_;
  Event* gone_event_ = nullptr;
  std::shared_ptr<Watch> watch_;
  std::uint64_t body_bytes_ = 0;  // decoded so far
  std::size_t head_bytes_ = 0;    // of the parsed head, until the request has ended
  std::size_t body_held_ = 0;     // of the body, by read_body() and its caller
  std::size_t kept_bytes_ = 0;    // of the request, by the handler
  MemoryCharge request_charge_;
  MemoryCharge answer_charge_;
  Step step_ = Step::kIdle;
  bool orphaned_ = false;
  bool answered_ = false;    // a head was sent, or cannot be sent any more
  bool body_begun_ = false;  // by the handler
  bool asked_for_body_ = false;
  bool stop_reading_ = false;
  bool not_proven_ = false;
  bool counts_as_proven_ = false;  // with prove_each_request: its present request is proven
  bool spared_ = false;            // it has got the time to prove itself once more
  bool close_ = false;             // no further request on this connection
  bool client_gone_ = false;
  bool chunked_ = false;  // the stream is chunked
  bool ending_ = false;   // the stream must end now
  bool sending_ = false;
};

}  // namespace sluice
