#include "drains/kinds/drain_kind.hpp"
#include "drains/syslog/syslog_encoders.hpp"
#include "drains/syslog/syslog_transport.hpp"

namespace sluice::drains {

namespace {

result<std::unique_ptr<Encoder>, Error> encoder(const Drain& drain, const EncoderNeeds& needs) {
  return make_syslog_encoder(drain, needs.settings.syslog_batch_bytes.count, needs.own);
}

result<std::unique_ptr<Transport>, Error> transport(const Drain& drain, const DrainEnvironment& environment) {
  SLUICE_TRY(Destination destination, parse_destination(drain));
  return std::make_unique<SyslogTransport>(environment, drain, std::move(destination));
}

}  // namespace

const DrainKind& syslog_kind() {
  static const DrainKind kKind{syslog_facts(), &encoder, &transport};
  return kKind;
}

}  // namespace sluice::drains
