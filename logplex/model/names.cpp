#include "logplex/model/names.hpp"

#include <algorithm>
#include <charconv>

#include "logplex/base/bytes/utf8.hpp"
#include "logplex/model/config_error.hpp"

namespace sluice {
namespace {

bool is_alnum(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

bool is_id_char(char c) { return is_alnum(c) || std::string_view("-._~:@+=").find(c) != std::string_view::npos; }

result<void, Error> check_id(std::string_view field, std::string_view id) {
  if (id.empty() || id.size() > kNameMax) return invalid(std::string(field) + " must have 1 to 255 characters");
  if (!std::all_of(id.begin(), id.end(), is_id_char) || id == "." || id == "..")
    return invalid(std::string(field) + " may hold letters, digits and - . _ ~ : @ + = only");
  return {};
}

bool is_label(std::string_view label) {
  if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') return false;
  return std::all_of(label.begin(), label.end(), [](char c) { return is_alnum(c) || c == '-' || c == '_'; });
}

bool is_host_name(std::string_view host) {
  if (host.empty() || host.size() > 253) return false;
  for (;;) {
    const auto dot = host.find('.');
    if (!is_label(host.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    host.remove_prefix(dot + 1);
  }
}

bool is_ipv6_literal(std::string_view host) {
  if (host.size() < 4 || host.size() > 47 || host.front() != '[' || host.back() != ']') return false;
  const auto inner = host.substr(1, host.size() - 2);
  const auto fits = [](char c) {
    return std::string_view("0123456789abcdefABCDEF:.").find(c) != std::string_view::npos;
  };
  return std::all_of(inner.begin(), inner.end(), fits) && inner.find(':') != std::string_view::npos;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (auto& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  return out;
}

bool is_port(std::string_view text) {
  unsigned port = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), port);
  return ec == std::errc() && end == text.data() + text.size() && port >= 1 && port <= 65535;
}

}  // namespace

result<void, Error> check_channel_id(std::string_view id) { return check_id("channel id", id); }

result<void, Error> check_app_name(std::string_view name) {
  if (name == kRouterChannel) return invalid("app name _router is reserved");
  return check_id("app name", name);
}

result<void, Error> check_backend_name(std::string_view name) { return check_id("backend name", name); }

result<void, Error> check_token_name(std::string_view name) {
  const auto printable = [](char c) { return c > ' ' && c < 0x7f; };
  if (name.empty() || name.size() > kNameMax || !std::all_of(name.begin(), name.end(), printable))
    return invalid("token name must be 1 to 255 printable ASCII characters without spaces");
  return {};
}

result<void, Error> check_label(std::string_view field, std::string_view text) {
  if (text.size() > kNameMax || !is_plain_text(text))
    return invalid(std::string(field) + " must be at most 255 bytes without control characters");
  return {};
}

result<std::string, Error> normal_domain(std::string_view domain) {
  auto text = domain;
  if (text.ends_with('.')) text.remove_suffix(1);
  const auto host = text.starts_with("*.") ? text.substr(2) : text;
  const bool literal = host.size() == text.size() && is_ipv6_literal(host);
  if (text.size() > 253 || !(literal || is_host_name(host)))
    return invalid("domain must be a host name, optionally after \"*.\"");
  return lower(text);
}

result<std::string, Error> normal_address(std::string_view address) {
  const auto colon = address.rfind(':');
  const auto host = address.substr(0, colon);
  if (colon == std::string_view::npos || !(is_ipv6_literal(host) || is_host_name(host)))
    return invalid("address must be host:port");
  if (!is_port(address.substr(colon + 1))) return invalid("address must end in a port from 1 to 65535");
  return lower(address);
}

}  // namespace sluice
