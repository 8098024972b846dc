#pragma once

#include <optional>
#include <string>

#include "drains/kinds/error_class.hpp"
#include "logplex/base/units.hpp"

namespace sluice::drains {

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

}  // namespace sluice::drains
