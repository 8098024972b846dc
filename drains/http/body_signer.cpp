#include "drains/http/body_signer.hpp"

#include <chrono>
#include <utility>

#include "logplex/base/bytes/base64.hpp"
#include "logplex/net/secret_hash.hpp"

namespace sluice::drains {
BodySigner::BodySigner(Secret key) : key_(std::move(key)) {}

void BodySigner::append_headers(std::string& head, std::string_view id, WallTime now, std::string_view body) const {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  const std::string time = std::to_string(seconds);
  const auto mac = hmac_sha256(key_.reveal(), {id, ".", time, ".", body});
  head.append("webhook-id: ").append(id).append("\r\nwebhook-timestamp: ").append(time);
  head.append("\r\nwebhook-signature: v1,");
  head.append(base64_encoded({reinterpret_cast<const char*>(mac.data()), mac.size()})).append("\r\n");
}

}  // namespace sluice::drains
