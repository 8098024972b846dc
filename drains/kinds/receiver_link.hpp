#pragma once

#include <memory>
#include <optional>
#include <string>

#include "drains/kinds/destination.hpp"
#include "drains/kinds/drain_environment.hpp"
#include "drains/kinds/transport.hpp"

namespace sluice::drains {

/// What the connections of one transport have in common: where to, with which TLS, how old they may grow and how long
/// they may be idle. Lives in its transport.
class ReceiverLink {
 public:
  struct Limits {
    Duration connect;
    Duration idle;
  };

  ReceiverLink(const DrainEnvironment& environment, const Drain& drain, Destination destination, Limits limits);

  /// A new connection; what is over the drain's share (DialShares) waits here. Errors: those of Dialer, and
  /// kTlsMaterial for the drain's own.
  Task<result<std::unique_ptr<ByteStream>, Error>> dial();
  /// Something was delivered: the connection is not idle.
  void touch();
  /// Past drains.max_age.
  bool is_old() const { return shard().now() >= old_at_; }
  /// Idle for longer than the limit and its random part.
  bool is_idle() const { return shard().now() >= idle_at_; }

  /// Of the last handshake; nullptr when plain or none yet.
  const TlsFacts* tls() const { return facts_ ? &*facts_ : nullptr; }
  const Destination& destination() const { return destination_; }
  const DrainEnvironment& environment() const { return environment_; }
  Shard& shard() const { return environment_.shard; }

 private:
  Task<result<std::shared_ptr<const TlsContext>, Error>> tls_context();
  Duration fuzz() const;

  const DrainEnvironment& environment_;
  const Destination destination_;
  const Limits limits_;
  const DialShares::Whose whose_;
  std::optional<TlsClientOptions> own_tls_;  // when the default context will not do
  std::shared_ptr<const TlsContext> context_;
  std::optional<TlsFacts> facts_;
  SteadyTime old_at_{};
  SteadyTime idle_at_{};
};

/// An attempt that ended with this error: tried again later, unless the drain's own certificates or key are the reason.
SendReport failed_attempt(const Error& error);

}  // namespace sluice::drains
