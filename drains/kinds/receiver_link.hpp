#pragma once

#include <memory>
#include <optional>
#include <string>

#include "drains/kinds/destination.hpp"
#include "drains/kinds/drain_environment.hpp"
#include "drains/kinds/transport.hpp"
#include "logplex/runtime/event.hpp"

namespace sluice::drains {

/// What all connections of one transport have in common: destination, TLS options, and the limits for age and idle
/// time. Owned by its transport.
class ReceiverLink {
 public:
  using Dialled = result<std::unique_ptr<ByteStream>, Error>;
  struct Limits {
    Duration connect;
    Duration idle;
  };

  ReceiverLink(const DrainEnvironment& environment, const Drain& drain, Destination destination, Limits limits);

  /// Opens a new connection; first waits if the drain has used up its share (DialShares). Errors: those of Dialer, and
  /// kTlsMaterial if the drain's own certificates or key are unusable.
  Task<Dialled> dial();
  /// Ends a dial() that is under way: it returns kClosed.
  void give_up_dial() { given_up_.set(); }
  /// Call it after a delivery: restarts the idle time.
  void touch();
  /// True if the connection is older than drains.max_age.
  bool is_old() const { return shard().now() >= old_at_; }
  /// True if the connection was idle for longer than the limit plus a random part.
  bool is_idle() const { return shard().now() >= idle_at_; }

  /// Facts of the last TLS handshake; nullptr without TLS or before the first one.
  const TlsFacts* tls() const { return facts_ ? &*facts_ : nullptr; }
  const Destination& destination() const { return destination_; }
  const DrainEnvironment& environment() const { return environment_; }
  Shard& shard() const { return environment_.shard; }

 private:
  Task<Dialled> dial_to_the_end();
  Task<result<std::shared_ptr<const TlsContext>, Error>> tls_context();
  Duration fuzz() const;

  const DrainEnvironment& environment_;
  const Destination destination_;
  const Limits limits_;
  const DialShares::Whose whose_;
  std::optional<TlsClientOptions> own_tls_;  // set if the default context does not fit
  std::shared_ptr<const TlsContext> context_;
  std::optional<TlsFacts> facts_;
  Event given_up_;
  SteadyTime old_at_{};
  SteadyTime idle_at_{};
};

/// The report of an attempt that ended with this error: kRetry, or kFatal if the drain's own certificates or key are
/// the reason.
SendReport failed_attempt(const Error& error);

}  // namespace sluice::drains
