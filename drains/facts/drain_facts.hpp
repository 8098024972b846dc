#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "logplex/base/result.hpp"

namespace sluice::drains {

/// One spelling of a kind's urls.
struct DrainScheme {
  std::string_view name;  // "syslog+tls"
  bool tls = false;
  std::uint16_t port = 0;  // when the url has none
  bool insecure = false;   // takes the fragment `#insecure`: any certificate will do
};

/// Where a drain connects to.
struct DrainHost {
  std::string host;  // without brackets
  std::uint16_t port = 0;
};

/// What the API, the command line and the drains themselves know of a kind of drain: pure facts.
struct DrainFacts {
  std::string_view name;  // "syslog"
  std::span<const DrainScheme> schemes;
  std::span<const std::string_view> formats;          // the first is the default
  bool can_sign = false;                              // its bodies can be signed with the drain's secret
  bool secret_path = false;                           // receivers may have their key in the url's path
  std::span<const std::string_view> plain_options{};  // of the query: no credentials, although they are named like some
  /// The hosts to which a url with one of the schemes leads, as far as that can be told without resolving. Errors, with
  /// a sentence about `url` that repeats no secret: invalid_argument: no url; not_supported: not for this kind.
  result<std::vector<DrainHost>, Error> (*hosts)(std::string_view url) = nullptr;
};

std::span<const DrainFacts* const> drain_facts();
/// By the url's scheme, in any case; nullptr: no drain has it.
const DrainFacts* find_drain_facts(std::string_view url);
const DrainScheme* find_drain_scheme(std::string_view url);

/// "http://, https:// or kafka://": the schemes for which `wanted` is true, each with what goes behind it.
std::string list_drain_schemes(std::string_view behind,
                               bool (*wanted)(const DrainFacts&, const DrainScheme&) = nullptr);

/// For `hosts` of kinds whose urls have one host: the url's, with the scheme's port when it names none.
result<std::vector<DrainHost>, Error> single_host(std::string_view url);
/// The error of `hosts` for a url that this kind does not deliver to.
Error drain_url_not_supported(std::string sentence);
/// "only syslog+tls:// and kafka+tls:// take #insecure"
std::string who_takes_insecure();

}  // namespace sluice::drains
