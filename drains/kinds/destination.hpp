#pragma once

#include <cstdint>
#include <string>

#include "logplex/base/result.hpp"
#include "logplex/model/drain.hpp"
#include "logplex/net/url.hpp"

namespace sluice::drains {

/// What a drain's url with one host means.
struct Destination {
  bool tls = false;
  bool insecure = false;  // `#insecure`, where the scheme takes it: any certificate will do
  std::uint16_t port = 0;
  Url url;
};

/// By the facts of its scheme. The error names what is wrong, never a secret.
result<Destination, Error> parse_destination(const Drain& drain);

/// `d.<uuid>`: how receivers know a drain.
std::string drain_token_text(const Drain& drain);

}  // namespace sluice::drains
