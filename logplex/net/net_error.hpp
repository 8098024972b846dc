#pragma once

#include "logplex/base/error.hpp"

namespace sluice {

/// What can go wrong on a connection, or while making one.
enum class NetError {
  kClosed = 1,         // the other end closed the connection; a client may dial again
  kTimedOut,           // the time for this step passed; a client may try again
  kMalformed,          // the other end broke the protocol: answer 400, or close
  kBodyTooLarge,       // the body is larger than the caller allows: 413
  kHeadTooLarge,       // more header bytes than the limit: 431
  kStopping,           // this server is shutting down: finish soon
  kNoSuchHost,         // the name does not exist or has no address; it may later
  kDnsTimeout,         // no name server gave an answer; try again
  kResolverBusy,       // too many names of this owner are being looked up; try again
  kAddressRefused,     // the address guard forbids it: a retry does not help, unless the name changes
  kConnectFailed,      // no address of the target answered; try again
  kTlsHandshake,       // TLS failed for another reason than a certificate
  kTlsCertificate,     // a certificate was not accepted (theirs by us, or ours by them)
  kTlsMaterial,        // our own certificates or key cannot be used: a retry does not help
  kTooManyHandshakes,  // too many handshakes are waiting; try again
};

const char* text_of(NetError error);

SLUICE_ERROR_ENUM(NetError, "net", text_of)

}  // namespace sluice
