#include "logplex/daemon/admin.hpp"

#include "logplex/runtime/cross.hpp"

namespace sluice::daemon {
namespace {

HttpResponse text_answer(int status, std::string body) {
  HttpResponse response;
  response.status = status;
  response.headers = {{"Content-Type", "text/plain; charset=utf-8"}, {"Cache-Control", "no-store"}};
  response.body = std::move(body);
  return response;
}

HttpResponse method_not_allowed() {
  HttpResponse response = text_answer(405, "use GET or HEAD\n");
  response.headers.emplace_back("Allow", "GET, HEAD");
  return response;
}

struct Part {
  MetricsPage page;
  std::size_t next = 0;
};

}  // namespace

Task<std::string> AdminHandler::scrape() {
  MetricsPage page;
  source_.add_process_metrics(page);
  for (std::uint32_t shard = 0; shard < runtime_.size(); ++shard) {
    std::size_t step = 0;
    do {
      const AdminSource* source = &source_;
      Part part = co_await call_on(shard, [source, step] {
        Part own;
        own.next = source->add_shard_metrics(own.page, step);
        return own;
      });
      page.merge(part.page);
      step = part.next;
    } while (step != 0);
  }
  co_return page.text();
}

Task<void> AdminHandler::handle(HttpExchange& exchange) {
  const HttpRequest& request = exchange.request();
  HttpResponse response;
  if (request.method != "GET" && request.method != "HEAD") {
    response = method_not_allowed();
  } else if (request.path == "/metrics") {
    std::string page = co_await scrape();
    response = text_answer(200, std::move(page));
    response.headers.front().second = "text/plain; version=0.0.4; charset=utf-8";
  } else if (request.path == "/healthz") {
    response = text_answer(200, "ok\n");
  } else if (request.path == "/readyz") {
    const bool ready = source_.ready.load(std::memory_order_acquire);
    response = ready ? text_answer(200, "ready\n") : text_answer(503, "not ready\n");
  } else {
    response = text_answer(404, "not found; use /metrics, /healthz or /readyz\n");
  }
  co_await exchange.reply(std::move(response));
}

}  // namespace sluice::daemon
