#include "logplex/cli/client/api.hpp"

#include <algorithm>
#include <charconv>

#include <boost/url/encode.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>
#include <boost/url/url_view.hpp>

#include "logplex/cli/view/cli_error.hpp"
#include "logplex/cli/view/json_text.hpp"
#include "logplex/cli/view/terminal_text.hpp"

namespace sluice::cli {
namespace {

constexpr std::size_t kLongestSentence = 600;

std::string encoded(std::string_view text) {
  return boost::urls::encode({text.data(), text.size()}, boost::urls::unreserved_chars);
}

/// The server's message on one line; its status if there is no message.
std::string sentence_of(const ApiAnswer& answer) {
  std::string text;
  if (const auto json = read_json(answer.body); json.has_value()) {
    text = text_at(*json, "error");
    const std::string field = text_at(*json, "field");
    if (!field.empty() && text.find(field) == std::string::npos) text += " (field " + field + ")";
  } else if (!answer.body.starts_with('<')) {
    text = answer.body;
  }
  text = harmless(text.substr(0, kLongestSentence));
  for (char& c : text) c = c == '\n' ? ' ' : c;
  text.erase(text.find_last_not_of(' ') + 1);
  return text.empty() ? "the server answered " + std::to_string(answer.status) : text;
}

/// Adds the command that lists what exists, because "no such drain" alone does not say what to do.
std::string with_place_to_look(std::string sentence) {
  struct Place {
    std::string_view word;
    std::string_view command;
  };
  static constexpr Place kPlaces[] = {
      {"drain", "drains list"},   {"token", "tokens list"}, {"backend", "backends list"}, {"key", "keys list"},
      {"domain", "domains list"}, {"channel", "apps list"}, {"app", "apps list"}};
  for (const auto& place : kPlaces) {
    if (sentence.find(place.word) == std::string::npos) continue;
    return sentence + "; 'sluice " + std::string(place.command) + "' shows what there is";
  }
  return sentence;
}

bool is_port(std::string_view text) {
  unsigned port = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), port);
  return code == std::errc{} && end == text.data() + text.size() && port > 0 && port < 65536;
}

}  // namespace

std::string Endpoint::str() const {
  const bool bracketed = host.find(':') != std::string::npos;
  return scheme + "://" + (bracketed ? "[" + host + "]" : host) + ":" + port + prefix;
}

result<Endpoint, Error> parse_endpoint(std::string_view url) {
  const auto wrong = [&](std::string_view why) {
    return usage_error("'" + std::string(url) + "' " + std::string(why) + "; write http://HOST:PORT or https://HOST");
  };
  const auto parsed = boost::urls::parse_uri({url.data(), url.size()});
  if (parsed.has_error()) return wrong("is not an address");
  const auto& view = *parsed;
  // A scheme may be written in either case (RFC 3986, 3.1).
  std::string scheme(view.scheme());
  std::ranges::transform(scheme, scheme.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
  if (scheme != "http" && scheme != "https") return wrong("is neither http nor https");
  if (view.host_address().empty()) return wrong("has no host");
  if (view.has_userinfo()) return wrong("contains a user or password; pass the API key with --key");
  Endpoint endpoint;
  endpoint.scheme = std::move(scheme);
  endpoint.host = view.host_address();
  endpoint.port = view.port();
  if (endpoint.port.empty()) endpoint.port = endpoint.secure() ? "443" : "80";
  if (!is_port(endpoint.port)) return wrong("has an invalid port");
  endpoint.prefix = view.encoded_path();
  while (endpoint.prefix.ends_with('/')) endpoint.prefix.pop_back();
  return endpoint;
}

Error error_of(const ApiAnswer& answer) {
  if (answer.status == 401) {
    const std::string said = sentence_of(answer);
    const bool known_no_key = said.find("not known") != std::string::npos;
    return cli_error(CliError::kNotAuthorised,
                     known_no_key ? "not authorised: " + said +
                                        "; the key comes from --key, --key-file, "
                                        "SLUICE_API_KEY or 'sluice login'"
                                  : std::string("not authorised: give the API key with --key-file, SLUICE_API_KEY or "
                                                "--key, or run 'sluice login'"));
  }
  if (answer.status == 403) {
    return cli_error(CliError::kNotAuthorised, "not allowed with this key: " + sentence_of(answer));
  }
  if (answer.status == 404) return failure(with_place_to_look(sentence_of(answer)));
  const bool later = answer.status == 429 || answer.status >= 500;
  return cli_error(later && answer.status != 501 ? CliError::kTryLater : CliError::kFailed, sentence_of(answer));
}

result<ApiAnswer, Error> call_api(Api& api, const ApiRequest& request) {
  SLUICE_TRY(auto answer, api.call(request));
  if (answer.status < 200 || answer.status > 299) return error_of(answer);
  return answer;
}

std::string api_path(const std::vector<std::string_view>& segments) {
  std::string path = "/v3";
  for (const auto segment : segments) path += "/" + encoded(segment);
  return path;
}

void add_query(std::string& target, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  target += target.find('?') == std::string::npos ? '?' : '&';
  target.append(name).append("=").append(encoded(value));
}

}  // namespace sluice::cli
