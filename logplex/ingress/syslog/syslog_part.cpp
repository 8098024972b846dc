#include "logplex/ingress/ingress_part.hpp"
#include "logplex/ingress/syslog/syslog_server.hpp"
#include "logplex/net/unproven.hpp"

namespace sluice::ingress {
namespace {

class SyslogPart final : public IngressPart {
 public:
  explicit SyslogPart(const IngressEnvironment& of)
      : unproven_(of.shard, of.unproven), server_(of.shard, of.settings.ingress, of.intake, &unproven_) {}

  ConnectionHandler& handler() override { return server_; }
  void stop_accepting() override { server_.stop_accepting(); }
  Task<void> finished() override { return server_.finished(); }
  void cancel() override { server_.cancel(); }
  void add_metrics(MetricsPage& page) const override { server_.add_metrics(page); }

 private:
  UnprovenList unproven_;
  SyslogServer server_;
};

}  // namespace

std::unique_ptr<IngressPart> syslog_part(const IngressEnvironment& environment) {
  return std::make_unique<SyslogPart>(environment);
}

}  // namespace sluice::ingress
