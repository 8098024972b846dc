#include "logplex/net/url.hpp"

#include <algorithm>
#include <charconv>

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

namespace sluice {
namespace {

Error invalid(std::string sentence) {
  return {make_error_code(boost::system::errc::invalid_argument), std::move(sentence)};
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return text;
}

std::string str(boost::urls::string_view view) { return {view.data(), view.size()}; }

bool has_control_or_space(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7f; });
}

/// A decoded host must not hold characters with a meaning in a URL or a Host field: "a%3A80" must not become "a:80".
bool is_host_name(std::string_view host) {
  return std::all_of(host.begin(), host.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
  });
}

}  // namespace

result<Url, Error> parse_url(std::string_view text) {
  if (has_control_or_space(text)) return invalid("the URL has a space or a control character");
  const auto parsed = boost::urls::parse_uri(boost::urls::string_view(text.data(), text.size()));
  if (!parsed) return invalid("this is not a URL of the form scheme://host[:port][/path]");
  const boost::urls::url_view& view = *parsed;
  if (!view.has_authority()) return invalid("the URL has no //host");
  Url url;
  url.scheme = lower(str(view.scheme()));
  url.host = lower(view.host_address());
  url.host_is_ipv6 = view.host_type() == boost::urls::host_type::ipv6;
  if (url.host.empty()) return invalid("the URL has no host");
  if (view.host_type() == boost::urls::host_type::ipvfuture || (!url.host_is_ipv6 && !is_host_name(url.host)))
    return invalid("the URL's host is not a name or an address");
  if (view.has_port()) {
    const std::string port = str(view.port());
    const auto [end, failed] = std::from_chars(port.data(), port.data() + port.size(), url.port);
    if (failed != std::errc() || end != port.data() + port.size() || url.port == 0)
      return invalid("the URL's port must be a number from 1 to 65535");
  }
  url.has_userinfo = view.has_userinfo();
  url.user = view.user();
  url.password = view.password();
  url.path = str(view.encoded_path());
  // Boost (1.81) takes characters that the authority cannot have for the path: "http://a@b@c/" would go to b.
  if (!url.path.empty() && url.path.front() != '/')
    return invalid("the URL's host has a character that is not allowed");
  url.has_query = view.has_query();
  url.query = str(view.encoded_query());
  url.fragment = view.fragment();
  return url;
}

std::string Url::target() const {
  std::string target = path.empty() ? "/" : path;
  if (has_query) target += '?' + query;
  return target;
}

std::string Url::bracketed_host() const { return host_is_ipv6 ? '[' + host + ']' : host; }

}  // namespace sluice
