#pragma once

#include <memory>

#include "drains/kinds/frame.hpp"
#include "drains/kinds/send_report.hpp"
#include "drains/kinds/windowed.hpp"
#include "logplex/model/drain.hpp"
#include "logplex/net/stream.hpp"
#include "logplex/runtime/task.hpp"

namespace sluice::drains {

struct DrainEnvironment;

/// Sends frames to a receiver over a connection that it opens, keeps and renews. One per drain and shard, on that
/// shard, used by one task at a time. It does not store frames: the caller keeps them until they are confirmed.
///
/// There are two kinds: one whose send() returns when the receiver has answered, and a Windowed one, whose send()
/// returns when the frame is on its way.
class Transport {
 public:
  virtual ~Transport() = default;

  /// Connects if necessary, then sends. `frame` must stay valid until the task ends. Verdicts kSent and kLater come
  /// from a windowed transport only, kDelivered only from one that is not.
  virtual Task<SendReport> send(const Frame& frame) = 0;
  /// The other half of a windowed transport, which lives as long as this one; nullptr if send() itself returns the
  /// confirmation.
  virtual Windowed* windowed() { return nullptr; }
  /// Whether the receiver sees frame ids. If not, the caller need not compute them.
  virtual bool tells_ids() const { return true; }
  /// Maintains an idle connection: closes it if the peer closed it, or if it is too old or idle for too long. Called
  /// from time to time, never while send() is suspended.
  virtual void tend() = 0;
  /// Closes the connection at once; unconfirmed frames are forgotten, and the next send() connects again. May be called
  /// while send() is suspended, also while it connects: send() then returns soon, with a report that is not kDelivered.
  /// So close() must not destroy what send() still uses.
  virtual void close() = 0;
  /// Facts of the current or last TLS handshake; nullptr without TLS.
  virtual const TlsFacts* tls() const { return nullptr; }
};

/// Makes the transport for a drain, by its kind (see drain_kind.hpp). The error names an unknown scheme or says what is
/// wrong with the url; it contains no secret.
result<std::unique_ptr<Transport>, Error> make_transport(const Drain& drain, const DrainEnvironment& environment);

}  // namespace sluice::drains
