#include "drains/http/http_transport.hpp"
#include "drains/kafka/kafka_transport.hpp"
#include "drains/kinds/destination.hpp"
#include "drains/kinds/transport.hpp"
#include "drains/syslog/syslog_transport.hpp"
#include "logplex/net/signing_key.hpp"

namespace sluice::drains {

SendReport Transport::break_report() const {
  SendReport report;
  report.error_class = "closed";
  report.error = "the receiver closed the connection before it had everything";
  return report;
}

result<std::unique_ptr<Transport>, Error> make_transport(const Drain& drain, const DrainEnvironment& environment) {
  if (is_kafka_url(drain.url.reveal())) return make_kafka_transport(drain, environment);
  SLUICE_TRY(Destination destination, parse_destination(drain));
  if (destination.protocol == Destination::Protocol::kHttp) {
    std::optional<BodySigner> signer;
    if (!drain.secret.empty()) {
      SLUICE_TRY(Secret key, signing_key(drain.secret));
      signer.emplace(std::move(key));
    }
    return std::make_unique<HttpTransport>(environment, drain, std::move(destination), std::move(signer));
  }
  return std::make_unique<SyslogTransport>(environment, drain, std::move(destination));
}

}  // namespace sluice::drains
