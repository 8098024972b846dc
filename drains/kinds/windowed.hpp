#pragma once

#include <optional>
#include <string>

#include "drains/kinds/error_class.hpp"
#include "drains/kinds/frame.hpp"
#include "drains/kinds/send_report.hpp"
#include "logplex/runtime/event.hpp"

namespace sluice::drains {

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

/// A transport that has several frames under way: send() only says that a frame was sent, and these functions say what
/// became of it. Part of its Transport, with the same life and thread.
class Windowed {
 public:
  /// How many frames may be unconfirmed at a time, at least 1. May change at any time.
  virtual std::size_t window() const = 0;
  /// How many more frames were confirmed since the last call, in the order in which they were sent.
  virtual std::size_t take_confirmed() = 0;
  /// The connection broke: all unconfirmed frames must be sent again. The next send() resets it.
  virtual bool broken() const = 0;
  /// What happened; valid while broken().
  virtual SendReport break_report() const;
  /// Sends without waiting, over an open connection only. True: the frame is on its way, as with kSent. False: call
  /// send() with the same frame, which continues where this call stopped.
  virtual bool send_now(const Frame& frame) {
    static_cast<void>(frame);
    return false;
  }
  /// How many of the unconfirmed frames, from the first on, have certainly reached the receiver's machine. They are
  /// sent again only if the connection breaks.
  virtual std::size_t arrived() const { return 0; }
  /// The lines refused since the last call, in frames that take_confirmed() counted.
  virtual Refused take_refused() { return {}; }
  /// Why unconfirmed frames make no progress although the connection stands; none if all is well.
  virtual std::optional<Trouble> trouble() const { return std::nullopt; }
  /// How long to wait before the next take_confirmed() while frames are unconfirmed.
  virtual Duration confirm_poll() const { return std::chrono::milliseconds(8); }
  /// Memory of the transport's copies of unconfirmed frames, to charge to the byte budget.
  virtual std::uint64_t held_bytes() const { return 0; }
  /// The transport sets `wake` when something was confirmed or there is room again. Its destructor does not touch
  /// `wake`.
  virtual void wake_with(Event& wake) { static_cast<void>(wake); }

 protected:
  ~Windowed() = default;
};

}  // namespace sluice::drains
