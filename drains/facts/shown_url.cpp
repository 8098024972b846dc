#include "drains/facts/shown_url.hpp"

#include <algorithm>
#include <span>

#include "drains/facts/drain_facts.hpp"

namespace sluice::drains {
namespace {

constexpr std::string_view kStars = "***";
constexpr std::string_view kTelling[] = {"key", "token", "secret", "pass", "auth", "sig", "credential", "pwd", "jaas"};

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
  return lower;
}

bool looks_secret(std::string_view name) {
  const std::string lower = lower_case(name);
  return std::any_of(std::begin(kTelling), std::end(kTelling),
                     [&lower](std::string_view word) { return lower.find(word) != std::string::npos; });
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
  const bool hide = !value.empty() && looks_secret(name) && std::ranges::find(plain, name) == plain.end();
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
  out += rest.substr(fragment);
  return out;
}

std::string public_url(std::string_view url) {
  std::string redacted = redacted_url(url);
  const DrainFacts* facts = find_drain_facts(url);
  if (facts == nullptr || !facts->secret_path) return redacted;
  const auto scheme = redacted.find("://");
  if (scheme == std::string::npos) return redacted;
  const auto path = redacted.find_first_of("/?#", scheme + 3);
  if (path == std::string::npos || path + 1 == redacted.size()) return redacted;
  return redacted.substr(0, path) + "/***";
}

}  // namespace sluice::drains
