#include "drains/facts/drain_facts.hpp"

#include <algorithm>

#include "logplex/net/url.hpp"

namespace sluice::drains {

namespace {

bool equal_lower(std::string_view lower, std::string_view text) {
  return std::ranges::equal(
      lower, text, [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? static_cast<char>(b | 0x20) : b); });
}

const DrainScheme* scheme_among(std::span<const DrainScheme> schemes, std::string_view url) {
  const auto colon = url.find(':');
  if (colon == std::string_view::npos) return nullptr;
  const std::string_view name = url.substr(0, colon);
  const auto at =
      std::ranges::find_if(schemes, [name](const DrainScheme& scheme) { return equal_lower(scheme.name, name); });
  return at == schemes.end() ? nullptr : &*at;
}

std::string list(const std::vector<std::string>& words, std::string_view last) {
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) out += i + 1 == words.size() ? last : std::string_view(", ");
    out += words[i];
  }
  return out;
}

std::vector<std::string> schemes_with(std::string_view behind, bool (*wanted)(const DrainFacts&, const DrainScheme&)) {
  std::vector<std::string> out;
  for (const DrainFacts* facts : drain_facts())
    for (const DrainScheme& scheme : facts->schemes)
      if (wanted == nullptr || wanted(*facts, scheme)) out.push_back(std::string(scheme.name) + std::string(behind));
  return out;
}

}  // namespace

std::span<const DrainFacts* const> drain_facts() {
  static const DrainFacts* const kAll[] = {
#define SLUICE_DRAIN_KIND(name) &name##_facts(),
#include "drains/facts/kinds.def"
#undef SLUICE_DRAIN_KIND
  };
  return kAll;
}

const DrainFacts* find_drain_facts(std::string_view url) {
  const auto all = drain_facts();
  const auto at = std::ranges::find_if(
      all, [url](const DrainFacts* facts) { return scheme_among(facts->schemes, url) != nullptr; });
  return at == all.end() ? nullptr : *at;
}

const DrainScheme* find_drain_scheme(std::string_view url) {
  const DrainFacts* facts = find_drain_facts(url);
  return facts == nullptr ? nullptr : scheme_among(facts->schemes, url);
}

std::string list_drain_schemes(std::string_view behind, bool (*wanted)(const DrainFacts&, const DrainScheme&)) {
  return list(schemes_with(behind, wanted), " or ");
}

result<std::vector<DrainHost>, Error> single_host(std::string_view text) {
  auto url = parse_url(text);
  if (!url)
    return Error{make_error_code(boost::system::errc::invalid_argument), "url is not valid: " + url.error().text()};
  const DrainScheme* scheme = find_drain_scheme(text);
  const std::uint16_t usual = scheme == nullptr ? std::uint16_t{0} : scheme->port;
  return std::vector{DrainHost{std::move(url->host), url->port == 0 ? usual : url->port}};
}

Error drain_url_not_supported(std::string sentence) {
  return {make_error_code(boost::system::errc::not_supported), std::move(sentence)};
}

std::string who_takes_insecure() {
  const auto takes = [](const DrainFacts&, const DrainScheme& scheme) { return scheme.insecure; };
  return "only " + list(schemes_with("://", takes), " and ") + " take #insecure";
}

}  // namespace sluice::drains
