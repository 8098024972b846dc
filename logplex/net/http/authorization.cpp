#include "logplex/net/http/authorization.hpp"

#include "logplex/base/bytes/base64.hpp"
#include "logplex/net/http/http_message.hpp"

namespace sluice {
namespace {

constexpr std::size_t kLongestHeader = 4096;

std::string_view without_spaces(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

}  // namespace

std::optional<Authorization> Authorization::parse(std::string_view header) {
  if (header.size() > kLongestHeader) return std::nullopt;
  const auto space = header.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  const auto scheme = header.substr(0, space);
  const auto rest = without_spaces(header.substr(space));
  if (rest.empty()) return std::nullopt;
  if (equal_ignoring_case(scheme, "Bearer")) return Authorization{{}, std::string(rest)};
  if (!equal_ignoring_case(scheme, "Basic")) return std::nullopt;
  const auto pair = base64_decoded(rest);
  const auto colon = pair ? pair->find(':') : std::string::npos;
  if (colon == std::string::npos) return std::nullopt;
  return Authorization{pair->substr(0, colon), pair->substr(colon + 1)};
}

std::string basic_authorization(std::string_view user, std::string_view password) {
  return "Basic " + base64_encoded(std::string(user) + ":" + std::string(password));
}

}  // namespace sluice
