#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "drains/kinds/frame.hpp"
#include "logplex/model/drain.hpp"
#include "logplex/net/stream.hpp"
#include "logplex/runtime/event.hpp"
#include "logplex/runtime/task.hpp"

namespace sluice::drains {

struct DrainEnvironment;

/// What became of one attempt to send a frame.
enum class Verdict {
  kDelivered,  // the receiver confirmed it
  kSent,       // on its way; take_confirmed() will tell
  kLater,      // not taken, or only in part, because the way is full: send it again when woken
  kRetry,      // nothing is known to have arrived: send it, and all unconfirmed before it, again later
  kSplit,      // too large for the receiver: send it in parts
  kRejected,   // the receiver will never take it: give it up and go on
  kFatal,      // the receiver will never take anything (bad configuration): stop until the drain is changed
};

struct SendReport {
  Verdict verdict = Verdict::kRetry;
  Duration retry_after{};  // what the receiver asked for; 0 = nothing
  std::optional<int> http_status;
  bool smaller = false;     // the receiver was too slow for it: with kRetry, tried again in parts
  bool untrusted = false;   // a certificate was not accepted: the drain's owner is told
  std::string error_class;  // one of those in ErrorCounts; empty when delivered or sent
  std::string error;        // a sentence without secrets; empty when delivered or sent
};

/// Why nothing gets on.
struct Trouble {
  std::string_view error_class;
  std::string sentence;  // without secrets
};

/// Lines of confirmed frames that the receiver refused one by one.
struct Refused {
  std::uint64_t lines = 0;
  std::string_view error_class = "too_large";
  std::string why;
};

/// Frame to receiver, over a connection that it makes, keeps and renews. One per drain and shard, on that shard; used
/// by one task at a time. It holds no frame: what is unconfirmed stays with the caller.
class Transport {
 public:
  virtual ~Transport() = default;

  /// Connects when necessary, then sends. `frame` stays until it returns.
  virtual Task<SendReport> send(const Frame& frame) = 0;
  /// The same without waiting, on a connection that stands. True: on its way, as with kSent. False: it takes send() for
  /// the same frame, which goes on where this ended.
  virtual bool send_now(const Frame& frame) {
    static_cast<void>(frame);
    return false;
  }
  /// Whether the receiver is told frames' ids: who makes frames need not work them out otherwise.
  virtual bool tells_ids() const { return true; }
  /// Frames that may be sent but unconfirmed. 1: send() itself confirms.
  virtual std::size_t window() const = 0;
  /// How many frames, in the order in which they were sent, have been confirmed since the last call.
  virtual std::size_t take_confirmed() { return 0; }
  /// How many unconfirmed frames the receiver's machine is known to have, the first ones. Only when the connection
  /// breaks are they sent again.
  virtual std::size_t arrived() const { return 0; }
  /// Of the lines in frames that take_confirmed() counted, those that were refused since the last call.
  virtual Refused take_refused() { return {}; }
  /// The connection is gone and with it all hope for what is unconfirmed. Reset by the next send().
  virtual bool broken() const { return false; }
  /// While broken: what happened.
  virtual SendReport break_report() const;
  /// Why unconfirmed frames make no progress though nothing is broken; none when all is well.
  virtual std::optional<Trouble> trouble() const { return std::nullopt; }
  /// How soon take_confirmed() may have news while frames are unconfirmed.
  virtual Duration confirm_poll() const { return std::chrono::milliseconds(8); }
  /// Memory that copies of unconfirmed frames take, for the byte budget.
  virtual std::uint64_t held_bytes() const { return 0; }
  /// `wake` is to be set when there may be something to take, or room again; not by the destructor.
  virtual void wake_with(Event& wake) { static_cast<void>(wake); }
  /// Looks after an idle connection: closes one that the peer closed, that is idle or too old. Called now and then.
  virtual void tend() = 0;
  /// Ends the connection at once.
  virtual void close() = 0;
  /// Facts of the current or last TLS handshake; nullptr when plain.
  virtual const TlsFacts* tls() const { return nullptr; }
};

/// The transport for a drain, by its kind (see drain_kind.hpp). Error: an unknown scheme or an unusable url; never a
/// secret.
result<std::unique_ptr<Transport>, Error> make_transport(const Drain& drain, const DrainEnvironment& environment);

}  // namespace sluice::drains
