#pragma once

#include <memory>
#include <string>
#include <unordered_set>

#include "logplex/net/http/http_message.hpp"
#include "logplex/net/listener.hpp"
#include "logplex/net/net_error.hpp"
#include "logplex/net/unproven.hpp"
#include "logplex/runtime/gate.hpp"
#include "logplex/runtime/memory_account.hpp"

namespace sluice {

class HttpConnectionTask;
class HttpServer;

/// One request and its answer. Belongs to the connection's task; a handler uses it until its handle() returns.
/// Answer exactly once: reply(), or start_stream(), write()... and finish().
class HttpExchange {
 public:
  explicit HttpExchange(HttpConnectionTask& connection) : connection_(connection) {}

  const HttpRequest& request() const;

  /// Reads the whole body, decoded from chunks; sends 100 Continue first when the client waits for it. Call it once.
  /// Errors: kBodyTooLarge, kMalformed, kTimedOut (the server has answered 408), kClosed, not_enough_memory (the server
  /// has answered 503). After kBodyTooLarge and kMalformed the handler still replies (413, 400), and the connection is
  /// closed after it, except for an unread body of at most drain_max. After the other errors a reply has no effect.
  Task<result<std::string>> read_body(Bytes limit);
  /// Reads the next piece of the body, at most 64 KiB, empty at the end; for bodies that are not kept whole. `limit` is
  /// for the whole body. Errors as of read_body(), and operation_aborted after stop_reading(): then a reply can still
  /// be sent.
  Task<result<std::string>> read_some(Bytes limit);
  /// Ends at once a read_some() that waits for the client. The connection is closed after the answer.
  void stop_reading();
  /// Charges memory that the handler holds for the request, beside what it was given, until the request has ended.
  void keeps(std::size_t bytes);
  /// The request has proved who sends it, so the connection may stay. See HttpServerOptions::unproven.
  void note_proven();

  /// Sends the answer, head and body in one write. A HEAD request gets no body. Content-Length is the body's size.
  Task<void> reply(HttpResponse response);

  /// Sends the head of an answer of unknown length: chunked in HTTP/1.1, until the close in 1.0; the connection is
  /// closed after it. Frees what was needed to parse the request. `head.body` must be empty.
  Task<result<void>> start_stream(HttpResponse head);
  /// Sends bytes of the stream (none for an empty string); returns when the kernel took them all. Errors: kClosed,
  /// kTimedOut (no progress for stream_stall_timeout), kStopping. After an error, only call finish().
  Task<result<void>> write(std::string bytes);
  /// Ends the stream properly, if the client is still there.
  Task<void> finish();

  /// Sets the event when the client closes its side while the answer streams, or when the server stops; then end the
  /// stream. Call it after start_stream(). The event must live until handle() returns or on_client_gone(nullptr) is
  /// called.
  void on_client_gone(Event* event);
  bool client_gone() const;
  /// For a stream that must not go on: sets the event of on_client_gone(), and ends a write under way. Does nothing
  /// before start_stream().
  void end_stream_soon();
  /// True when the server is being stopped: finish soon.
  bool stopping() const;

 private:
  HttpConnectionTask& connection_;
};

/// Answers requests. One instance per shard, on that shard; outlives the servers that call it.
class HttpHandler {
 public:
  virtual ~HttpHandler() = default;
  /// Called when the head is complete; the body is still unread. If it returns without an answer, the client gets a
  /// 500. One request of a connection at a time; many connections at once.
  virtual Task<void> handle(HttpExchange& exchange) = 0;
  /// The answer to a request that handle() never saw or did not answer: malformed (400, 417, 431, 501), late (408),
  /// failed (500), or one of those that hold most while memory is short (503). The connection is closed after it. Plain
  /// text, unless overridden.
  virtual HttpResponse refused(int status, std::string sentence);
  /// A connection is closed because none of its requests was noted as proven.
  virtual void not_proven(NotProven /*why*/, const std::string& /*peer*/) {}
};

struct HttpServerOptions {
  std::string name;                      // for logs and metrics: the setting, "api.listen"
  std::string server_header = "sluice";  // Server:
  Bytes header_max{16 << 10};            // request line and headers; more: 431
  Bytes drain_max{256 << 10};            // of an unread body that is read and discarded to keep the connection
  Duration request_timeout = std::chrono::seconds(30);  // head and body; then again for the answer
  Duration idle_timeout = std::chrono::seconds(60);     // between requests
  Duration stream_stall_timeout = std::chrono::minutes(10);
  // Lists connections until one of their requests is noted as proven; outlives them.
  UnprovenList* unproven = nullptr;
  bool prove_each_request = false;               // list them again when the request has ended
  MemoryClass memory = MemoryClass::kApiBodies;  // what heads and bodies are charged to
};

struct HttpServerCounters {
  std::uint64_t requests = 0;
  std::uint64_t malformed = 0;  // answered 400, 417, 431 or 501 before any handler
  std::uint64_t timed_out = 0;
  std::uint64_t streams = 0;
  std::uint64_t crowded_out = 0;
};

/// HTTP/1.x for everything but the proxy path: API, ingress, admin. Strict where leniency is dangerous: both
/// Content-Length and Transfer-Encoding, folded headers, unknown transfer codings and a missing or double Host are
/// refused with 400 (501 for a coding) and the connection is closed. Requests of a connection are answered in order; an
/// unread body is drained up to drain_max.
///
/// One per shard and listener, on that shard; owned by the part that answers; await stopped() before destroying it.
class HttpServer final : public ConnectionHandler {
 public:
  HttpServer(Shard& shard, HttpServerOptions options, HttpHandler& handler);
  ~HttpServer() override;

  void on_accepted(int fd, const Peer& peer, ConnectionTicket ticket) override;

  /// Closes idle connections, ends streams; requests that have begun are answered and their connections closed.
  void stop_accepting();
  /// Returns when the last connection has ended.
  Task<void> stopped();
  /// Ends every connection now.
  void cancel();

  std::size_t connections() const { return connections_.size(); }
  const HttpServerCounters& counters() const { return counters_; }
  void add_metrics(MetricsPage& page) const;

 private:
  friend class HttpConnectionTask;
  Task<void> serve(std::unique_ptr<HttpConnectionTask> connection);

  Shard& shard_;
  const HttpServerOptions options_;
  HttpHandler& handler_;
  HttpServerCounters counters_;
  std::unordered_set<HttpConnectionTask*> connections_;
  bool stopping_ = false;
  Gate gate_;
};

}  // namespace sluice
