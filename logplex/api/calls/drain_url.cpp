#include "logplex/api/calls/drain_url.hpp"

#include <algorithm>
#include <array>
#include <span>

#include <boost/asio/ip/address.hpp>

#include "logplex/model/kafka_url.hpp"
#include "logplex/net/http/http_message.hpp"
#include "logplex/net/url.hpp"

namespace sluice::api {
namespace {

/// What a drain can be: one row per scheme.
struct Kind {
  std::string_view scheme;
  std::array<std::string_view, 3> formats;  // the first is the default
  bool insecure;                            // takes the fragment #insecure
  std::uint16_t port = 0;                   // when the url has none
};
constexpr Kind kKinds[] = {
    {"http", {"logplex", "rfc5424", "ndjson"}, false, 80}, {"https", {"logplex", "rfc5424", "ndjson"}, false, 443},
    {"syslog", {"logplex", "rfc5424"}, false, 601},        {"syslog+tls", {"logplex", "rfc5424"}, true, 6514},
    {"kafka", {"rfc5424", "json", "raw"}, true},           {"kafka+tls", {"rfc5424", "json", "raw"}, true},
};

constexpr const char* kInsecureTaken = "only syslog+tls:// and kafka+tls:// take #insecure";

std::string_view scheme_of(std::string_view url) { return url.substr(0, std::min(url.find("://"), url.size())); }

const Kind* kind_of_url(std::string_view url) {
  const auto scheme = scheme_of(url);
  const auto at =
      std::ranges::find_if(kKinds, [scheme](const Kind& k) { return equal_ignoring_case(k.scheme, scheme); });
  return at == std::end(kKinds) ? nullptr : at;
}

BadInput bad(unsigned status, std::string sentence) { return {std::move(sentence), "url", status}; }

checked<void> check_host(const std::string& host, std::uint16_t port, const AddressGuard& guard) {
  if (host.empty()) return bad(400, "url has no host");
  boost::system::error_code not_literal;
  const auto address = boost::asio::ip::make_address(host, not_literal);
  if (not_literal) {
    const bool local = host == "localhost" || host.ends_with(".localhost");
    if (local && !guard.allows(boost::asio::ip::make_address("127.0.0.1")))
      return bad(422, "url leads to a loopback address, which drains.allow_cidrs does not allow");
    return {};
  }
  if (const auto refusal = guard.refusal(address); !refusal.empty())
    return bad(422, "url leads to a " + std::string(refusal) + " address, which drains.allow_cidrs does not allow");
  if (guard.is_own_listener(address, port)) return bad(422, "url leads to a listener of this node itself");
  return {};
}

checked<void> check_fragment(const Url& url, const Kind& kind) {
  if (url.fragment.empty()) return {};
  // An anchor means nothing to a receiver; this one would seem to switch a check off.
  if (url.scheme.starts_with("http"))
    return url.fragment == "insecure" ? checked<void>(bad(422, kInsecureTaken)) : checked<void>();
  if (kind.insecure && url.fragment == "insecure") return {};
  if (url.fragment == "insecure") return bad(422, kInsecureTaken);
  return bad(422, kind.insecure ? "the only fragment that a syslog+tls url may have is #insecure"
                                : "a syslog url has no fragment");
}

checked<void> check_kafka_url(std::string_view text, const AddressGuard& guard) {
  const auto url = parse_kafka_url(text);
  if (url.has_error()) return bad(422, "url is not valid: " + url.error().text());
  for (const auto& broker : url->brokers)
    if (auto host = check_host(broker.host, broker.port, guard); host.has_error()) return host;
  return {};
}

}  // namespace

checked<void> check_drain_url(std::string_view text, const AddressGuard& guard) {
  if (is_kafka_url(text)) return check_kafka_url(text, guard);
  const auto url = parse_url(text);
  if (url.has_error()) return bad(400, "url is not valid: " + url.error().text());
  const Kind* kind = kind_of_url(text);
  if (kind == nullptr)
    return bad(422, "url must begin with http://, https://, syslog://, syslog+tls://, kafka:// or kafka+tls://");
  const std::uint16_t port = url->port == 0 ? kind->port : url->port;
  if (auto host = check_host(url->host, port, guard); host.has_error()) return host;
  return check_fragment(*url, *kind);
}

checked<void> check_drain_format(std::string_view url, std::string_view format) {
  const Kind* kind = kind_of_url(url);
  if (format.empty() || (kind != nullptr && std::ranges::find(kind->formats, format) != kind->formats.end())) return {};
  if (kind == nullptr) return BadInput{"format needs a url", "format"};
  std::string known(kind->formats.front());
  for (const auto other : std::span(kind->formats).subspan(1))
    if (!other.empty()) known += ", " + std::string(other);
  return BadInput{"format must be one of " + known, "format", 422};
}

std::string_view default_drain_format(std::string_view url) {
  const Kind* kind = kind_of_url(url);
  return kind == nullptr ? std::string_view() : kind->formats.front();
}

bool delivers_by_http(std::string_view url) {
  const auto scheme = scheme_of(url);
  return equal_ignoring_case(scheme, "http") || equal_ignoring_case(scheme, "https");
}

}  // namespace sluice::api
