#include "logplex/net/signing_key.hpp"

#include <string_view>
#include <utility>

#include "logplex/base/bytes/base64.hpp"

namespace sluice {

result<Secret, Error> signing_key(const Secret& secret) {
  constexpr std::string_view kPrefix = "whsec_";
  constexpr std::size_t kShortest = 24;
  constexpr std::size_t kLongest = 64;
  const std::string_view text = secret.reveal();
  if (!text.starts_with(kPrefix)) return secret;
  auto key = base64_decoded(text.substr(kPrefix.size()));
  if (key && key->size() >= kShortest && key->size() <= kLongest) return Secret(std::move(*key));
  return Error{make_error_code(boost::system::errc::invalid_argument),
               "a secret that begins with whsec_ must go on with base64 of 24 to 64 bytes"};
}

}  // namespace sluice
