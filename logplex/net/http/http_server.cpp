#include "logplex/net/http/http_server.hpp"

#include "logplex/base/metrics.hpp"
#include "logplex/net/http/http_connection_task.hpp"

namespace sluice {

const HttpRequest& HttpExchange::request() const { return connection_.request(); }
Task<result<std::string>> HttpExchange::read_body(Bytes limit) { return connection_.read_body(limit); }
Task<result<std::string>> HttpExchange::read_some(Bytes limit) { return connection_.read_some(limit); }
void HttpExchange::stop_reading() { connection_.stop_reading(); }
void HttpExchange::keeps(std::size_t bytes) { connection_.keeps(bytes); }
void HttpExchange::note_proven() { connection_.note_proven(); }
Task<void> HttpExchange::reply(HttpResponse response) { return connection_.reply(std::move(response)); }
Task<result<void>> HttpExchange::start_stream(HttpResponse head) { return connection_.start_stream(std::move(head)); }
Task<result<void>> HttpExchange::write(std::string bytes) { return connection_.write(std::move(bytes)); }
Task<void> HttpExchange::finish() { return connection_.finish(); }
void HttpExchange::on_client_gone(Event* event) { connection_.on_client_gone(event); }
bool HttpExchange::client_gone() const { return connection_.client_gone(); }
void HttpExchange::end_stream_soon() { connection_.end_stream_soon(); }
bool HttpExchange::stopping() const { return connection_.stopping(); }

HttpResponse HttpHandler::refused(int status, std::string sentence) {
  HttpResponse response;
  response.status = status;
  response.headers.emplace_back("Content-Type", "text/plain; charset=utf-8");
  response.body = std::move(sentence) + "\n";
  return response;
}

HttpServer::HttpServer(Shard& shard, HttpServerOptions options, HttpHandler& handler)
    : shard_(shard), options_(std::move(options)), handler_(handler), gate_(shard, options_.name) {}

HttpServer::~HttpServer() {
  for (auto* connection : connections_) connection->orphan();
}

void HttpServer::on_accepted(int fd, const Peer& peer, ConnectionTicket ticket) {
  UniqueFd owned(fd);
  if (stopping_ || gate_.stopping()) return;
  TcpSocket socket(shard_.executor());
  error_code failed;
  socket.assign(asio::ip::tcp::v4(), owned.fd(), failed);
  if (failed) return;
  owned.release();
  gate_.spawn(serve(
      std::make_unique<HttpConnectionTask>(*this, std::move(socket), peer.address.to_string(), std::move(ticket))));
}

Task<void> HttpServer::serve(std::unique_ptr<HttpConnectionTask> connection) { co_await connection->run(); }

void HttpServer::stop_accepting() {
  stopping_ = true;
  for (auto* connection : connections_) connection->stop();
}

Task<void> HttpServer::stopped() { return gate_.stopped(); }

void HttpServer::cancel() { gate_.stop(); }

void HttpServer::add_metrics(MetricsPage& page) const {
  const MetricsPage::Labels labels{{"listener", options_.name}};
  page.counter("sluice_http_requests_total", "Requests given to a handler.", counters_.requests, labels);
  page.counter("sluice_http_malformed_total", "Requests refused before any handler saw them.", counters_.malformed,
               labels);
  page.counter("sluice_http_timeouts_total", "Connections ended because a request or its answer took too long.",
               counters_.timed_out, labels);
  page.counter("sluice_http_crowded_out_total",
               "Idle connections closed to make room for new ones, the longest idle first.", counters_.crowded_out,
               labels);
  page.counter("sluice_http_streams_total", "Answers of unknown length, such as tails.", counters_.streams, labels);
}

}  // namespace sluice
