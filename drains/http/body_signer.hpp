#pragma once

#include <string>
#include <string_view>

#include "logplex/base/clock.hpp"
#include "logplex/base/secret.hpp"

namespace sluice::drains {

/// Proves to a receiver who sent a body, and when: the three headers of Standard Webhooks 1.0
/// (https://www.standardwebhooks.com), whose libraries check them. The id is the frame's, so it stays the same at every
/// retry; the time is that of the attempt.
class BodySigner {
 public:
  /// See signing_key().
  explicit BodySigner(Secret key);

  void append_headers(std::string& head, std::string_view id, WallTime now, std::string_view body) const;

 private:
  Secret key_;
};

}  // namespace sluice::drains
