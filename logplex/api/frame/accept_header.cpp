#include "logplex/api/frame/accept_header.hpp"

#include <algorithm>
#include <compare>
#include <string_view>

#include "logplex/net/http/http_message.hpp"

namespace sluice::api {
namespace {

std::string_view trimmed(std::string_view text) {
  const auto first = std::min(text.find_first_not_of(" \t"), text.size());
  text.remove_prefix(first);
  return text.substr(0, text.find_last_not_of(" \t") + 1);
}

std::string_view cut(std::string_view& rest, char at) {
  const auto part = rest.substr(0, rest.find(at));
  rest.remove_prefix(std::min(rest.size(), part.size() + 1));
  return trimmed(part);
}

/// "0.5" in thousandths; text that is not a weight counts as 1.
int weight(std::string_view text) {
  if (text.empty() || text.front() < '0' || text.front() > '1') return 1000;
  int value = (text.front() - '0') * 1000;
  int unit = 100;
  for (std::size_t i = 2; i < text.size() && unit > 0; ++i, unit /= 10)
    if (text[i] >= '0' && text[i] <= '9') value += (text[i] - '0') * unit;
  return std::min(value, 1000);
}

/// How precisely a range matches a type: 3 exactly, 2 type/*, 1 */*, 0 not.
int closeness(std::string_view range, std::string_view type) {
  if (range == "*/*") return 1;
  if (equal_ignoring_case(range, type)) return 3;
  const auto slash = type.find('/') + 1;
  const bool family =
      range.ends_with("/*") && equal_ignoring_case(range.substr(0, range.size() - 1), type.substr(0, slash));
  return family ? 2 : 0;
}

/// How much the header prefers a type: by the weight of the most precise range, then by its precision. A client that
/// names a type and also accepts anything else wants that type.
struct Liking {
  int weight = 0;
  int closeness = 0;
  friend auto operator<=>(const Liking&, const Liking&) = default;
};

Liking liking_of(std::string_view accept, std::string_view type) {
  Liking result;
  while (!accept.empty()) {
    auto item = cut(accept, ',');
    const auto range = cut(item, ';');
    int q = 1000;
    while (!item.empty())
      if (const auto parameter = cut(item, ';'); parameter.starts_with("q=") || parameter.starts_with("Q="))
        q = weight(parameter.substr(2));
    const int close = closeness(range, type);
    if (close > result.closeness) result = {q, close};
  }
  return result;
}

}  // namespace

std::string_view best_type(std::string_view accept, std::initializer_list<std::string_view> offered) {
  if (trimmed(accept).empty()) return *offered.begin();
  std::string_view best;
  Liking most;
  for (const auto type : offered)
    if (const auto liking = liking_of(accept, type); liking.weight > 0 && liking > most) {
      most = liking;
      best = type;
    }
  return best;
}

bool is_media_type(std::string_view content_type, std::string_view type) {
  return equal_ignoring_case(cut(content_type, ';'), type);
}

}  // namespace sluice::api
