#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "drains/kinds/error_class.hpp"
#include "drains/kinds/frame.hpp"
#include "logplex/model/drain.hpp"
#include "logplex/net/stream.hpp"
#include "logplex/runtime/event.hpp"
#include "logplex/runtime/task.hpp"

namespace sluice::drains {

struct DrainEnvironment;

/// The outcome of one attempt to send a frame.
enum class Verdict {
  kDelivered,  // the receiver confirmed it
  kSent,       // on its way; take_confirmed() reports the confirmation
  kLater,      // taken in part or not at all (backpressure): send it again when woken
  kRetry,      // failed: later send it and all unconfirmed frames before it again
  kSplit,      // too large for the receiver: split it and send the parts
  kRejected,   // the receiver will never accept it: drop it and go on
  kFatal,      // nothing can be delivered (bad configuration): stop until the drain is changed
};

struct SendReport {
  Verdict verdict = Verdict::kRetry;
  Duration retry_after{};  // pause that the receiver asked for; 0 = none
  std::optional<int> http_status;
  bool smaller = false;                        // with kRetry: the receiver was too slow, retry in smaller frames
  bool untrusted = false;                      // the certificate was not accepted: notify the drain's owner
  ErrorClass error_class = ErrorClass::kNone;  // kNone if delivered or sent
  std::string error;                           // a sentence without secrets; empty if delivered or sent
};

/// Why unconfirmed frames make no progress.
struct Trouble {
  ErrorClass error_class = ErrorClass::kOther;
  std::string sentence;  // without secrets
};

/// Lines that the receiver refused although their frames count as confirmed.
struct Refused {
  std::uint64_t lines = 0;
  ErrorClass error_class = ErrorClass::kTooLarge;
  std::string why;
};

/// Sends frames to a receiver over a connection that it opens, keeps and renews. One per drain and shard, on that
/// shard, used by one task at a time. It does not store frames: the caller keeps them until they are confirmed.
class Transport {
 public:
  virtual ~Transport() = default;

  /// Connects if necessary, then sends. `frame` must stay valid until the task ends.
  virtual Task<SendReport> send(const Frame& frame) = 0;
  /// Sends without waiting, over an open connection only. True: the frame is on its way, as with kSent. False: call
  /// send() with the same frame, which continues where this call stopped.
  virtual bool send_now(const Frame& frame) {
    static_cast<void>(frame);
    return false;
  }
  /// Whether the receiver sees frame ids. If not, the caller need not compute them.
  virtual bool tells_ids() const { return true; }
  /// How many frames may be unconfirmed at a time. 1: send() itself returns the confirmation.
  virtual std::size_t window() const = 0;
  /// How many more frames were confirmed since the last call, in the order in which they were sent.
  virtual std::size_t take_confirmed() { return 0; }
  /// How many of the unconfirmed frames, from the first on, have certainly reached the receiver's machine. They are
  /// sent again only if the connection breaks.
  virtual std::size_t arrived() const { return 0; }
  /// The lines refused since the last call, in frames that take_confirmed() counted.
  virtual Refused take_refused() { return {}; }
  /// The connection broke: all unconfirmed frames must be sent again. The next send() resets it.
  virtual bool broken() const { return false; }
  /// What happened; valid while broken().
  virtual SendReport break_report() const;
  /// Why unconfirmed frames make no progress although the connection stands; none if all is well.
  virtual std::optional<Trouble> trouble() const { return std::nullopt; }
  /// How long to wait before the next take_confirmed() while frames are unconfirmed.
  virtual Duration confirm_poll() const { return std::chrono::milliseconds(8); }
  /// Memory of the transport's copies of unconfirmed frames, to charge to the byte budget.
  virtual std::uint64_t held_bytes() const { return 0; }
  /// The transport sets `wake` when something was confirmed or there is room again. Its destructor does not touch
  /// `wake`.
  virtual void wake_with(Event& wake) { static_cast<void>(wake); }
  /// Maintains an idle connection: closes it if the peer closed it, or if it is too old or idle for too long. Called
  /// from time to time.
  virtual void tend() = 0;
  /// Closes the connection at once. May be called while send() is suspended, which then returns.
  virtual void close() = 0;
  /// Facts of the current or last TLS handshake; nullptr without TLS.
  virtual const TlsFacts* tls() const { return nullptr; }
};

/// Makes the transport for a drain, by its kind (see drain_kind.hpp). The error names an unknown scheme or says what is
/// wrong with the url; it contains no secret.
result<std::unique_ptr<Transport>, Error> make_transport(const Drain& drain, const DrainEnvironment& environment);

}  // namespace sluice::drains
