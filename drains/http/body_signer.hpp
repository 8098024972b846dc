#pragma once

#include <string>
#include <string_view>

#include "logplex/base/clock.hpp"
#include "logplex/base/secret.hpp"

namespace sluice::drains {

/// Signs a body, so that the receiver can check who sent it and when: the three headers of Standard Webhooks 1.0
/// (https://www.standardwebhooks.com), which that project's libraries verify. The id is the frame's, so it stays the
/// same in every retry; the time is that of the attempt.
class BodySigner {
 public:
  /// `key` comes from signing_key().
  explicit BodySigner(Secret key);

  void append_headers(std::string& head, std::string_view id, WallTime now, std::string_view body) const;

 private:
  Secret key_;
};

}  // namespace sluice::drains
