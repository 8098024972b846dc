#pragma once

#include <cstdint>
#include <string>

#include "logplex/base/result.hpp"
#include "logplex/model/drain.hpp"
#include "logplex/net/url.hpp"

namespace sluice::drains {

/// Where a drain connects to, for urls that name one host.
struct Destination {
  bool tls = false;
  bool insecure = false;  // `#insecure`, if the scheme allows it: accept any certificate
  std::uint16_t port = 0;
  Url url;
};

/// Parses the drain's url. The error says what is wrong and contains no secret.
result<Destination, Error> parse_destination(const Drain& drain);

/// `d.<uuid>`: the name by which receivers know the drain.
std::string drain_token_text(const Drain& drain);

}  // namespace sluice::drains
