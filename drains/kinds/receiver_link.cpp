#include "drains/kinds/receiver_link.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>

#include "logplex/net/net_error.hpp"
#include "logplex/net/tls/tls_material.hpp"
#include "logplex/runtime/event.hpp"

namespace sluice::drains {
namespace {

/// Builds the TLS context for a drain with its own certificates, step by step. The keys of its CAs cost no time here:
/// they are used only if a receiver's certificate chain leads to them.
class OwnContext {
 public:
  explicit OwnContext(const TlsClientOptions& options)
      : check_({}, options.client_chain, options.client_key), maker_(options) {}

  struct Made {
    TlsContextMaker::Made context;
  };
  std::optional<Made> operator()() {
    if (checked_) {
      auto made = maker_.step();
      return made ? std::optional<Made>(Made{*std::move(made)}) : std::nullopt;
    }
    auto verdict = check_.step();
    if (verdict && verdict->fault) return Made{Error{NetError::kTlsMaterial, std::move(verdict->fault->sentence)}};
    checked_ = verdict.has_value();
    return std::nullopt;
  }

 private:
  TlsMaterialCheck check_;
  TlsContextMaker maker_;
  bool checked_ = false;
};

ErrorClass class_of(error_code code) {
  if (code == NetError::kNoSuchHost || code == NetError::kDnsTimeout || code == NetError::kResolverBusy)
    return ErrorClass::kDns;
  if (code == NetError::kConnectFailed) return ErrorClass::kConnect;
  if (code == NetError::kTlsHandshake || code == NetError::kTlsCertificate) return ErrorClass::kTls;
  if (code == NetError::kTimedOut) return ErrorClass::kTimeout;
  if (code == NetError::kAddressRefused) return ErrorClass::kRefusedAddress;
  if (code == NetError::kMalformed || code == NetError::kHeadTooLarge) return ErrorClass::kHttp;
  if (code == NetError::kTooManyHandshakes) return ErrorClass::kLimit;
  if (code == NetError::kTlsMaterial) return ErrorClass::kConfiguration;
  return ErrorClass::kClosed;
}

std::optional<TlsClientOptions> own_options(const Drain& drain, const Destination& destination,
                                            const DrainSettings& settings) {
  const bool own = !drain.ca.empty() || !drain.client_cert.empty() || destination.insecure;
  if (!destination.tls || !own) return std::nullopt;
  TlsClientOptions options;
  if (drain.ca.empty()) options.ca_file = settings.ca_file;
  options.ca_pem = drain.ca;
  options.client_chain = drain.client_cert;
  options.client_key = drain.client_key;
  options.insecure = destination.insecure;
  return options;
}

}  // namespace

ReceiverLink::ReceiverLink(const DrainEnvironment& environment, const Drain& drain, Destination destination,
                           Limits limits)
    : environment_(environment),
      destination_(std::move(destination)),
      limits_(limits),
      whose_{drain.id, drain.channel},
      own_tls_(own_options(drain, destination_, environment.settings)),
      given_up_(environment.shard) {}

Task<result<std::shared_ptr<const TlsContext>, Error>> ReceiverLink::tls_context() {
  if (!destination_.tls) co_return std::shared_ptr<const TlsContext>();
  if (!own_tls_) co_return environment_.default_tls;
  if (context_) co_return context_;
  OwnContext step(*own_tls_);
  auto made = co_await environment_.tls_lane.run_in_steps(whose_.channel, std::move(step));
  if (!made) co_return Error{made.error(), "too many certificates are being read"};
  if (made->context) context_ = *made->context;
  co_return std::move(made->context);
}

Duration ReceiverLink::fuzz() const {
  const auto most = static_cast<std::uint64_t>(environment_.settings.idle_fuzz.count());
  return Duration(static_cast<Duration::rep>(shard().rng().below(most + 1)));
}

Task<ReceiverLink::Dialled> ReceiverLink::dial() {
  using namespace asio::experimental::awaitable_operators;
  given_up_.reset();
  auto first = co_await (dial_to_the_end() || given_up_.wait());
  if (auto* dialled = std::get_if<Dialled>(&first)) co_return std::move(*dialled);
  // The wait also ends, without the event, when the task is cancelled: so does this.
  if (!std::get<bool>(first)) throw boost::system::system_error(asio::error::operation_aborted);
  co_return Error{NetError::kClosed, "the drain was changed while it connected"};
}

Task<ReceiverLink::Dialled> ReceiverLink::dial_to_the_end() {
  DialShares& shares = *environment_.dials;
  const std::uint64_t drains = environment_.settings.max_per_channel;
  const std::optional<Duration> pause = shares.take(whose_, drains, shard().now());
  if (!pause) co_return Error{NetError::kTooManyHandshakes, "too many connections of this drain wait for their turn"};
  if (*pause > Duration::zero()) co_await sleep_for(*pause);
  auto context = co_await tls_context();
  if (!context) co_return context.error();
  DialTarget target;
  target.host = destination_.url.host;
  target.port = destination_.port;
  target.tls = *context;
  target.owner = whose_.channel;
  Duration handshake{};
  target.handshake_cpu = &handshake;
  auto stream = co_await environment_.dialer.dial(std::move(target), limits_.connect);
  shares.add(whose_, handshake, drains, shard().now());
  if (!stream) co_return stream.error();
  if ((*stream)->tls() != nullptr) facts_ = *(*stream)->tls();
  old_at_ = shard().now() + environment_.settings.max_age;
  touch();
  co_return std::move(*stream);
}

void ReceiverLink::touch() { idle_at_ = shard().now() + limits_.idle + fuzz(); }

SendReport failed_attempt(const Error& error) {
  SendReport report;
  report.verdict = error.code == NetError::kTlsMaterial ? Verdict::kFatal : Verdict::kRetry;
  report.untrusted = error.code == NetError::kTlsCertificate;
  report.error_class = class_of(error.code);
  report.error = error.text();
  return report;
}

}  // namespace sluice::drains
