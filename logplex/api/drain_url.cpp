#include "logplex/api/drain_url.hpp"

#include <algorithm>

#include <boost/asio/ip/address.hpp>

#include "logplex/net/http_message.hpp"
#include "logplex/net/url.hpp"

namespace sluice {
namespace {

/// What a drain can be: one row per scheme.
struct Kind {
  std::string_view scheme;
  std::string_view format;  // the only one so far, and so the default
  bool insecure;            // takes the fragment #insecure
};
constexpr Kind kKinds[] = {
    {"http", "logplex-1", false},
    {"https", "logplex-1", false},
    {"syslog", "syslog", false},
    {"syslog+tls", "syslog", true},
};

std::string_view scheme_of(std::string_view url) { return url.substr(0, std::min(url.find("://"), url.size())); }

const Kind* kind_of_url(std::string_view url) {
  const auto scheme = scheme_of(url);
  const auto at =
      std::ranges::find_if(kKinds, [scheme](const Kind& k) { return equal_ignoring_case(k.scheme, scheme); });
  return at == std::end(kKinds) ? nullptr : at;
}

BadInput bad(unsigned status, std::string sentence) { return {std::move(sentence), "url", status}; }

checked<void> check_host(const Url& url, const AddressGuard& guard) {
  if (url.host.empty()) return bad(400, "url has no host");
  boost::system::error_code not_literal;
  const auto address = boost::asio::ip::make_address(url.host, not_literal);
  if (not_literal) {
    const bool local = url.host == "localhost" || url.host.ends_with(".localhost");
    if (local && !guard.allows(boost::asio::ip::make_address("127.0.0.1")))
      return bad(422, "url leads to a loopback address, which drains.allow_cidrs does not allow");
    return {};
  }
  if (const auto refusal = guard.refusal(address); !refusal.empty())
    return bad(422, "url leads to a " + std::string(refusal) + " address, which drains.allow_cidrs does not allow");
  return {};
}

checked<void> check_fragment(const Url& url, const Kind& kind) {
  if (url.fragment.empty() || url.scheme.starts_with("http")) return {};
  if (kind.insecure && url.fragment == "insecure") return {};
  return bad(422, kind.insecure ? "the only fragment that a syslog+tls url may have is #insecure"
                                : "a syslog url has no fragment");
}

}  // namespace

checked<void> check_drain_url(std::string_view text, const AddressGuard& guard) {
  if (equal_ignoring_case(scheme_of(text), "kafka")) return bad(422, "Kafka drains are not in this build");
  const auto url = parse_url(text);
  if (url.has_error()) return bad(400, "url is not valid: " + url.error().text());
  const Kind* kind = kind_of_url(text);
  if (kind == nullptr) return bad(422, "url must begin with http://, https://, syslog:// or syslog+tls://");
  if (auto host = check_host(*url, guard); host.has_error()) return host;
  return check_fragment(*url, *kind);
}

checked<void> check_drain_format(std::string_view url, std::string_view format) {
  const auto known = default_drain_format(url);
  if (format.empty() || format == known) return {};
  return BadInput{"format must be " + std::string(known) + " for this url", "format", 422};
}

std::string_view default_drain_format(std::string_view url) {
  const Kind* kind = kind_of_url(url);
  return kind == nullptr ? std::string_view() : kind->format;
}

}  // namespace sluice
