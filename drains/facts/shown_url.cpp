#include "drains/facts/shown_url.hpp"

#include <algorithm>
#include <span>

#include "drains/facts/drain_facts.hpp"
#include "logplex/base/bytes/hex.hpp"

namespace sluice::drains {
namespace {

constexpr std::string_view kStars = "***";
constexpr std::string_view kTelling[] = {"key",  "token", "secret", "pass", "auth", "sig",     "pwd",
                                         "jaas", "jwt",   "bearer", "hmac", "cred", "private", "license"};
/// Too short to look for inside other words.
constexpr std::string_view kShortNames[] = {"code", "sas", "sid", "session", "tok", "pw", "pin", "psk"};

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
  return lower;
}

/// As a receiver reads it: with its percent escapes decoded.
std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape =
        text[i] == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 && hex_value(text[i + 2]) >= 0;
    out += escape ? static_cast<char>(hex_value(text[i + 1]) << 4 | hex_value(text[i + 2])) : text[i];
    if (escape) i += 2;
  }
  return out;
}

bool looks_secret(std::string_view name) {
  const std::string lower = lower_case(name);
  const auto in_it = [&lower](std::string_view word) { return lower.find(word) != std::string::npos; };
  const auto is_it = [&lower](std::string_view word) { return lower == word; };
  return std::any_of(std::begin(kTelling), std::end(kTelling), in_it) ||
         std::any_of(std::begin(kShortNames), std::end(kShortNames), is_it);
}

/// The value of a parameter may hold another one, encoded or not: ?next=/in?key=...
bool holds_secret(std::string_view value) {
  const auto last = value.rfind('=');
  return last != std::string_view::npos && looks_secret(value.substr(0, last));
}

using Options = std::span<const std::string_view>;

Options plain_options_of(std::string_view url) {
  const DrainFacts* facts = find_drain_facts(url);
  return facts == nullptr ? Options() : facts->plain_options;
}

void append_parameter(std::string& out, std::string_view parameter, Options plain) {
  const auto equals = parameter.find('=');
  const auto name = parameter.substr(0, equals);
  const auto value = equals == std::string_view::npos ? std::string_view() : parameter.substr(equals + 1);
  const bool telling = looks_secret(decoded(name)) && std::ranges::find(plain, name) == plain.end();
  const bool hide = !value.empty() && (telling || holds_secret(decoded(value)));
  out += hide ? std::string(name) + "=" + std::string(kStars) : std::string(parameter);
}

void append_query(std::string& out, std::string_view query, Options plain) {
  for (;;) {
    const auto end = query.find_first_of("&;");
    append_parameter(out, query.substr(0, end), plain);
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
    append_query(out, rest.substr(query + 1, fragment - query - 1), plain_options_of(url));
  }
  if (fragment == rest.size()) return out;
  out += '#';
  append_query(out, rest.substr(fragment + 1), {});
  return out;
}

std::string public_url(std::string_view url) {
  std::string redacted = redacted_url(url);
  const DrainFacts* facts = find_drain_facts(url);
  if (facts == nullptr || !facts->secret_path) return redacted;
  const auto scheme = redacted.find("://");
  if (scheme == std::string::npos) return redacted;
  const auto path = redacted.find_first_of("/?#", scheme + 3);
  if (path == std::string::npos || path + 1 == redacted.size() || redacted.substr(path) == "#insecure") return redacted;
  return redacted.substr(0, path) + "/***";
}

}  // namespace sluice::drains
