#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "logplex/base/result.hpp"

namespace sluice::drains {

/// One url scheme of a kind.
struct DrainScheme {
  std::string_view name;  // "syslog+tls"
  bool tls = false;
  std::uint16_t port = 0;  // used if the url has no port
  bool insecure = false;   // allows the fragment `#insecure`: any certificate is accepted
};

/// Where a drain connects to.
struct DrainHost {
  std::string host;  // without brackets
  std::uint16_t port = 0;
};

/// What the API, the command line and the drains know about a kind of drain. Constant data, no I/O.
struct DrainFacts {
  std::string_view name;  // "syslog"
  std::span<const DrainScheme> schemes;
  std::span<const std::string_view> formats;          // the first is the default
  bool can_sign = false;                              // bodies can be signed with the drain's secret
  bool secret_path = false;                           // the url's path may hold the receiver's key
  std::span<const std::string_view> plain_options{};  // query options that only look like credentials
  /// The hosts that a url with one of the schemes names; does not resolve them. Errors, with a sentence about `url`
  /// that contains no secret: invalid_argument (not a url), not_supported (this kind cannot deliver to it).
  result<std::vector<DrainHost>, Error> (*hosts)(std::string_view url) = nullptr;
};

#define SLUICE_DRAIN_KIND(name) const DrainFacts& name##_facts();
#include "drains/facts/kinds.def"
#undef SLUICE_DRAIN_KIND

std::span<const DrainFacts* const> drain_facts();
/// Looks the scheme up, ignoring case; nullptr if no kind has it.
const DrainFacts* find_drain_facts(std::string_view url);
const DrainScheme* find_drain_scheme(std::string_view url);

/// "http://, https:// or kafka://": the schemes for which `wanted` is true (nullptr: all), each followed by `behind`.
std::string list_drain_schemes(std::string_view behind,
                               bool (*wanted)(const DrainFacts&, const DrainScheme&) = nullptr);

/// `hosts` for kinds whose urls name one host: that host, and the scheme's port if the url names none.
result<std::vector<DrainHost>, Error> single_host(std::string_view url);
/// The not_supported error of `hosts`: the kind cannot deliver to this url.
Error drain_url_not_supported(std::string sentence);
/// "only syslog+tls:// and kafka+tls:// take #insecure"
std::string who_takes_insecure();

}  // namespace sluice::drains
