#include "drains/http/http_encoders.hpp"
#include "drains/http/http_transport.hpp"
#include "drains/kinds/drain_kind.hpp"
#include "logplex/net/signing_key.hpp"

namespace sluice::drains {

namespace {

result<std::unique_ptr<Encoder>, Error> encoder(const Drain& drain, const EncoderNeeds& needs) {
  return make_http_encoder(drain, needs.settings.http_batch_bytes.count);
}

result<std::unique_ptr<Transport>, Error> transport(const Drain& drain, const DrainEnvironment& environment) {
  SLUICE_TRY(Destination destination, parse_destination(drain));
  std::optional<BodySigner> signer;
  if (!drain.secret.empty()) {
    SLUICE_TRY(Secret key, signing_key(drain.secret));
    signer.emplace(std::move(key));
  }
  return std::make_unique<HttpTransport>(environment, drain, std::move(destination), std::move(signer));
}

}  // namespace

const DrainKind& http_kind() {
  static const DrainKind kKind{http_facts(), &encoder, &transport};
  return kKind;
}

}  // namespace sluice::drains
