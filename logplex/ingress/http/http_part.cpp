#include "logplex/ingress/http/log_post.hpp"
#include "logplex/ingress/ingress_part.hpp"
#include "logplex/net/http/http_server.hpp"
#include "logplex/net/unproven.hpp"

namespace sluice::ingress {
namespace {

HttpServerOptions options_of(const IngressSettings& settings, UnprovenList& unproven) {
  HttpServerOptions options;
  options.name = "ingress.http";
  options.header_max = settings.header_max;
  options.request_timeout = settings.request_timeout;
  options.idle_timeout = settings.idle_timeout;
  options.memory = MemoryClass::kIngressBodies;
  options.unproven = &unproven;
  return options;
}

class HttpPart final : public IngressPart {
 public:
  explicit HttpPart(const IngressEnvironment& of)
      : unproven_(of.shard, of.unproven),
        post_(of.settings.ingress, of.intake),
        server_(of.shard, options_of(of.settings.ingress, unproven_), post_) {}

  ConnectionHandler& handler() override { return server_; }
  void stop_accepting() override { server_.stop_accepting(); }
  Task<void> finished() override { return server_.stopped(); }
  void cancel() override { server_.cancel(); }
  void add_metrics(MetricsPage& page) const override {
    post_.add_metrics(page);
    server_.add_metrics(page);
  }

 private:
  UnprovenList unproven_;
  LogPost post_;
  HttpServer server_;
};

}  // namespace

std::unique_ptr<IngressPart> http_part(const IngressEnvironment& environment) {
  return std::make_unique<HttpPart>(environment);
}

}  // namespace sluice::ingress
