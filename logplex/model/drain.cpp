#include "logplex/model/drain.hpp"

#include <algorithm>

namespace sluice {
namespace {

constexpr std::string_view kStars = "***";
constexpr std::string_view kTelling[] = {"key", "token", "secret", "pass", "auth", "sig", "credential", "pwd", "jaas"};

bool looks_secret(std::string_view name) {
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
  if (lower == "key") return false;  // a Kafka drain's record key is an option; a secret in it is caught below
  return std::any_of(std::begin(kTelling), std::end(kTelling),
                     [&lower](std::string_view word) { return lower.find(word) != std::string::npos; });
}

/// `key=channel` and the like are options of Kafka drains; any other value of `key` is taken for a credential.
bool harmless_key(std::string_view name, std::string_view value) {
  return name == "key" && (value == "channel" || value == "none" || value == "source" || value == "process");
}

void append_parameter(std::string& out, std::string_view parameter) {
  const auto equals = parameter.find('=');
  const auto name = parameter.substr(0, equals);
  const auto value = equals == std::string_view::npos ? std::string_view() : parameter.substr(equals + 1);
  const bool hide = !value.empty() && !harmless_key(name, value) && (looks_secret(name) || name == "key");
  out += hide ? std::string(name) + "=" + std::string(kStars) : std::string(parameter);
}

void append_query(std::string& out, std::string_view query) {
  for (;;) {
    const auto end = query.find_first_of("&;");
    append_parameter(out, query.substr(0, end));
    if (end == std::string_view::npos) return;
    out += query[end];
    query.remove_prefix(end + 1);
  }
}

/// "user:password@host" with the password hidden; the last '@' ends the user info.
void append_authority(std::string& out, std::string_view authority) {
  const auto at = authority.rfind('@');
  if (at == std::string_view::npos) {
    out += authority;
    return;
  }
  const auto user = authority.substr(0, at);
  const auto colon = user.find(':');
  // A user name without password is often a key itself (https://TOKEN@host/).
  out += colon == std::string_view::npos ? kStars : user.substr(0, colon);
  if (colon != std::string_view::npos) (out += ':') += kStars;
  out += authority.substr(at);
}

}  // namespace

std::string redacted_url(std::string_view url) {
  std::string out;
  auto rest = url;
  if (const auto scheme = rest.find("://"); scheme != std::string_view::npos) {
    out += rest.substr(0, scheme + 3);
    rest.remove_prefix(scheme + 3);
    const auto end = std::min(rest.find_first_of("/?#"), rest.size());
    append_authority(out, rest.substr(0, end));
    rest.remove_prefix(end);
  }
  const auto fragment = std::min(rest.find('#'), rest.size());
  const auto query = std::min(rest.substr(0, fragment).find('?'), fragment);
  out += rest.substr(0, query);
  if (query < fragment) {
    out += '?';
    append_query(out, rest.substr(query + 1, fragment - query - 1));
  }
  out += rest.substr(fragment);
  return out;
}

}  // namespace sluice
