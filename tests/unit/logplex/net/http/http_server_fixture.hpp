#pragma once

#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "logplex/net/http/http_server.hpp"
#include "tests/support/raw_client.hpp"
#include "tests/support/running_shards.hpp"

namespace sluice {

/// Answers by path: /echo the body, /hello a text, /ignore without reading, /stream until the client goes, /none never.
class TestHandler final : public HttpHandler {
 public:
  explicit TestHandler(Shard& shard) : shard_(shard) {}

  Task<void> handle(HttpExchange& exchange) override {
    const std::string path = exchange.request().path;
    if (path == "/echo") co_await echo(exchange);
    if (path == "/pieces") co_await count_pieces(exchange);
    if (path == "/keep") co_await keep(exchange);
    if (path == "/late") co_await read_late(exchange);
    if (path == "/ignore") co_await answer(exchange, 200, "ignored\n");
    if (path == "/hello") co_await answer(exchange, 200, "hello\n");
    if (path == "/stream" || path == "/heavy") co_await stream(exchange, false);
    if (path == "/flood") co_await flood(exchange);
    if (path == "/short") co_await stream(exchange, true);
    if (path == "/large") co_await answer(exchange, 200, std::string(30 << 20, 'x'));
    if (path == "/throw") throw std::runtime_error("on purpose");
    if (path == "/nothing") co_await answer(exchange, 204, "");
  }

  std::atomic<int> streams_ended{0};
  std::atomic<int> last_error{0};
  std::atomic<std::size_t> largest_piece{0};

 private:
  Task<void> answer(HttpExchange& exchange, int status, std::string body) {
    HttpResponse response;
    response.status = status;
    response.body = std::move(body);
    co_await exchange.reply(std::move(response));
  }

  Task<void> echo(HttpExchange& exchange) {
    auto body = co_await exchange.read_body(Bytes{1 << 20});
    if (!body) last_error = body.error().value();
    if (body) {
      co_await answer(exchange, 200, std::move(*body));
    } else {
      co_await answer(exchange, body.error() == NetError::kBodyTooLarge ? 413 : 400, body.error().message() + "\n");
    }
  }

  Task<void> count_pieces(HttpExchange& exchange) {
    std::size_t bytes = 0;
    for (;;) {
      auto piece = co_await exchange.read_some(Bytes{1 << 20});
      if (!piece && piece.error() == NetError::kBodyTooLarge) co_await answer(exchange, 413, "too large\n");
      if (!piece) co_return;
      if (piece->empty()) break;
      bytes += piece->size();
      largest_piece = std::max(largest_piece.load(), piece->size());
    }
    co_await answer(exchange, 200, std::to_string(bytes) + "\n");
  }

  Task<void> keep(HttpExchange& exchange) {
    exchange.keeps(1 << 20);
    auto body = co_await exchange.read_body(Bytes{1 << 20});
    if (body) co_await answer(exchange, 200, "kept\n");
  }

  /// Reads no body until somebody was told to give up.
  Task<void> read_late(HttpExchange& exchange) {
    exchange.keeps(1 << 20);
    while (shard_.runtime().memory().evicted(MemoryClass::kApiBodies) == 0)
      co_await asio::post(shard_.executor(), use_task);
    auto body = co_await exchange.read_body(Bytes{1 << 20});
    if (body) co_await answer(exchange, 200, "read\n");
  }

  Task<void> stream(HttpExchange& exchange, bool once) {
    HttpResponse head;
    head.headers.emplace_back("Content-Type", "text/plain");
    auto started = co_await exchange.start_stream(std::move(head));
    Event gone(shard_);
    exchange.on_client_gone(&gone);
    if (exchange.request().path == "/heavy") exchange.keeps(1 << 20);
    if (started) co_await exchange.write("first\n");
    if (!once) co_await gone.wait();
    co_await exchange.finish();
    exchange.on_client_gone(nullptr);
    ++streams_ended;
  }

  Task<void> flood(HttpExchange& exchange) {
    HttpResponse head;
    auto started = co_await exchange.start_stream(std::move(head));
    while (started) started = co_await exchange.write(std::string(1 << 20, 'f'));
    co_await exchange.finish();
    ++streams_ended;
  }

  Shard& shard_;
};

class HttpServerTest : public ::testing::Test {
 protected:
  void serve(HttpServerOptions options = {}) {
    options.name = "test.listen";
    Shard& shard = shards.runtime.shard(0);
    handler = std::make_unique<TestHandler>(shard);
    server = std::make_unique<HttpServer>(shard, options, *handler);
    ASSERT_TRUE(table.open("test.listen", "127.0.0.1:0", 1000).has_value());
    table.handle("test.listen", {server.get()});
    table.start();
    shards.start();
  }
  ~HttpServerTest() override {
    if (server == nullptr) return;
    shards.await(0, table.stop_accepting());
    shards.on(0, [this] { server->stop_accepting(); });
    shards.on(0, [this] { server->cancel(); });
    shards.await(0, server->stopped());
    shards.stop();
  }
  std::uint16_t port() { return table.ports().at("test.listen").at(0); }
  std::size_t connections() {
    return shards.on(0, [this] { return server->connections(); });
  }
  std::uint64_t requests() {
    return shards.on(0, [this] { return server->counters().requests; });
  }

  std::uint64_t held(MemoryClass of) { return shards.runtime.memory().held(of).count; }

  RunningShards shards;
  ListenerTable table{shards.runtime};
  std::unique_ptr<TestHandler> handler;
  std::unique_ptr<HttpServer> server;
};

inline std::string body_of(const std::string& response) {
  const auto end = response.find("\r\n\r\n");
  return end == std::string::npos ? "" : response.substr(end + 4);
}

inline bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace sluice
