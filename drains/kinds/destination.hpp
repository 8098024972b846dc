#pragma once

#include <cstdint>
#include <string>

#include "logplex/base/result.hpp"
#include "logplex/model/drain.hpp"
#include "logplex/net/url.hpp"

namespace sluice::drains {

/// What a drain's url means.
struct Destination {
  enum class Protocol : std::uint8_t { kHttp, kSyslog };

  Protocol protocol = Protocol::kHttp;
  bool tls = false;
  bool insecure = false;  // `#insecure`, syslog+tls only: any certificate will do
  std::uint16_t port = 0;
  Url url;
};

/// http, https (ports 80, 443), syslog (601) and syslog+tls (6514). The error names what is wrong, never a secret.
result<Destination, Error> parse_destination(const Drain& drain);

/// `d.<uuid>`: how receivers know a drain.
std::string drain_token_text(const Drain& drain);

}  // namespace sluice::drains
