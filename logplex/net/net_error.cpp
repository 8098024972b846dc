#include "logplex/net/net_error.hpp"

namespace sluice {

const char* text_of(NetError error) {
  switch (error) {
    case NetError::kClosed:
      return "the other end closed the connection";
    case NetError::kTimedOut:
      return "timed out";
    case NetError::kMalformed:
      return "the other end broke the protocol";
    case NetError::kBodyTooLarge:
      return "the body is too large";
    case NetError::kHeadTooLarge:
      return "the head is too large";
    case NetError::kStopping:
      return "the server is stopping";
    case NetError::kNoSuchHost:
      return "the host name does not resolve";
    case NetError::kDnsTimeout:
      return "no name server answers";
    case NetError::kResolverBusy:
      return "too many host names are being looked up";
    case NetError::kAddressRefused:
      return "the address is not allowed";
    case NetError::kConnectFailed:
      return "no connection";
    case NetError::kTlsHandshake:
      return "the TLS handshake failed";
    case NetError::kTlsCertificate:
      return "a TLS certificate was not accepted";
    case NetError::kTlsMaterial:
      return "our own TLS certificates or key cannot be used";
    case NetError::kTooManyHandshakes:
      return "too many connections wait for their turn";
  }
  return "unknown";
}

}  // namespace sluice
