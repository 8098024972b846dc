#include "logplex/api/calls/drain_url.hpp"

#include <algorithm>

#include <boost/asio/ip/address.hpp>

#include "drains/facts/drain_facts.hpp"
#include "logplex/net/url.hpp"

namespace sluice::api {
namespace {

using drains::DrainFacts;
using drains::DrainHost;

BadInput bad(unsigned status, std::string sentence) { return {std::move(sentence), "url", status}; }

std::string with_article(std::string_view word) {
  const bool vowel = !word.empty() && std::string_view("aeiou").find(word.front()) != std::string_view::npos;
  return (vowel ? "an " : "a ") + std::string(word);
}

checked<void> check_host(const DrainHost& host, const AddressGuard& guard) {
  if (host.host.empty()) return bad(400, "url has no host");
  boost::system::error_code not_literal;
  const auto address = boost::asio::ip::make_address(host.host, not_literal);
  if (not_literal) {
    const bool local = host.host == "localhost" || host.host.ends_with(".localhost");
    if (local && !guard.allows(boost::asio::ip::make_address("127.0.0.1")))
      return bad(422, "url leads to a loopback address, which drains.allow_cidrs does not allow");
    return {};
  }
  if (const auto refusal = guard.refusal(address); !refusal.empty())
    return bad(422, "url leads to " + with_article(refusal) + " address, which drains.allow_cidrs does not allow");
  if (guard.is_own_listener(address, host.port)) return bad(422, "url leads to a listener of this node itself");
  return {};
}

BadInput no_kind(std::string_view url) {
  if (const auto parsed = parse_url(url); parsed.has_error())
    return bad(400, "url is not valid: " + parsed.error().text());
  return bad(422, "url must begin with " + drains::list_drain_schemes("://"));
}

}  // namespace

checked<void> check_drain_url(std::string_view url, const AddressGuard& guard) {
  const DrainFacts* facts = drains::find_drain_facts(url);
  if (facts == nullptr) return no_kind(url);
  auto hosts = facts->hosts(url);
  if (hosts.has_error())
    return bad(hosts.error().code == boost::system::errc::not_supported ? 422 : 400, hosts.error().text());
  for (const DrainHost& host : *hosts)
    if (auto good = check_host(host, guard); good.has_error()) return good;
  return {};
}

checked<void> check_drain_format(std::string_view url, std::string_view format) {
  const DrainFacts* facts = drains::find_drain_facts(url);
  if (format.empty()) return {};
  if (facts == nullptr) return BadInput{"format needs a url", "format"};
  if (std::ranges::find(facts->formats, format) != facts->formats.end()) return {};
  std::string known(facts->formats.front());
  for (const auto other : facts->formats.subspan(1)) known += ", " + std::string(other);
  return BadInput{"format must be one of " + known, "format", 422};
}

std::string_view default_drain_format(std::string_view url) {
  const DrainFacts* facts = drains::find_drain_facts(url);
  return facts == nullptr ? std::string_view() : facts->formats.front();
}

checked<void> check_drain_can_sign(std::string_view url) {
  const DrainFacts* facts = drains::find_drain_facts(url);
  if (facts != nullptr && facts->can_sign) return {};
  const auto signs = [](const DrainFacts& any, const drains::DrainScheme&) { return any.can_sign; };
  return BadInput{"secret needs an " + drains::list_drain_schemes("", signs) + " url: other drains cannot sign",
                  "secret", 422};
}

}  // namespace sluice::api
