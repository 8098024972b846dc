#include "logplex/model/drain.hpp"

#include <algorithm>

#include "logplex/model/kafka_url.hpp"

namespace sluice {
namespace {

constexpr std::string_view kStars = "***";
constexpr std::string_view kTelling[] = {"key", "token", "secret", "pass", "auth", "sig", "credential", "pwd", "jaas"};

/// Lower case.
constexpr std::string_view kReservedHeaders[] = {
    "host",       "content-length",    "content-type",      "transfer-encoding", "connection",
    "expect",     "user-agent",        "logplex-msg-count", "logplex-frame-id",  "logplex-drain-token",
    "webhook-id", "webhook-timestamp", "webhook-signature", "sluice-origin",     "sluice-passed"};

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
  return lower;
}

bool looks_secret(std::string_view name) {
  const std::string lower = lower_case(name);
  if (lower == "key") return false;  // the key of a Kafka drain's messages is an option; others are caught below
  return std::any_of(std::begin(kTelling), std::end(kTelling),
                     [&lower](std::string_view word) { return lower.find(word) != std::string::npos; });
}

void append_parameter(std::string& out, std::string_view parameter, bool key_is_option) {
  const auto equals = parameter.find('=');
  const auto name = parameter.substr(0, equals);
  const auto value = equals == std::string_view::npos ? std::string_view() : parameter.substr(equals + 1);
  const bool hide = !value.empty() && (looks_secret(name) || (name == "key" && !key_is_option));
  out += hide ? std::string(name) + "=" + std::string(kStars) : std::string(parameter);
}

void append_query(std::string& out, std::string_view query, bool key_is_option) {
  for (;;) {
    const auto end = query.find_first_of("&;");
    append_parameter(out, query.substr(0, end), key_is_option);
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
  if (colon != std::string_view::npos) (out.append(user.substr(0, colon)) += ':') += kStars;
  if (colon == std::string_view::npos && !user.empty()) out += kStars;
  out += authority.substr(at);
}

}  // namespace

bool is_reserved_header(std::string_view name) {
  return std::find(std::begin(kReservedHeaders), std::end(kReservedHeaders), lower_case(name)) !=
         std::end(kReservedHeaders);
}

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
    append_query(out, rest.substr(query + 1, fragment - query - 1), is_kafka_url(url));
  }
  out += rest.substr(fragment);
  return out;
}

}  // namespace sluice
