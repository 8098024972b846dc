#include "logplex/api/frame/route.hpp"

#include <array>

#include "logplex/net/http/http_message.hpp"

namespace sluice::api {
namespace {

constexpr std::array<std::string_view, 5> kMethods = {"GET", "POST", "PUT", "PATCH", "DELETE"};
constexpr std::size_t kMostSegments = 16;

bool is_parameter(std::string_view segment) { return segment.starts_with(':'); }

}  // namespace

std::string_view to_string(Method method) { return kMethods[static_cast<std::size_t>(method)]; }

std::optional<Method> parse_method(std::string_view text) {
  for (std::size_t i = 0; i < kMethods.size(); ++i)
    if (kMethods[i] == text) return static_cast<Method>(i);
  return std::nullopt;
}

std::optional<std::size_t> Route::channel_parameter() const {
  for (const std::string_view name : {"/:c", "/:app"}) {
    const auto at = path.find(name);
    const auto end = at + name.size();
    if (at != std::string_view::npos && (end == path.size() || path[end] == '/')) return 0;
  }
  return std::nullopt;
}

RouteTable::RouteTable(std::span<const Route> routes) : routes_(routes) {
  for (const auto& route : routes_) patterns_.push_back(split(route.path));
}

RouteTable::Segments RouteTable::split(std::string_view path) {
  Segments segments;
  if (path.empty() || path.front() != '/') return segments;
  while (!path.empty() && segments.size() < kMostSegments) {
    path.remove_prefix(1);
    const auto segment = path.substr(0, path.find('/'));
    segments.push_back(segment);
    path.remove_prefix(segment.size());
  }
  return segments;
}

bool RouteTable::matches(const Segments& pattern, const Segments& path) {
  if (pattern.size() != path.size()) return false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const bool fits = is_parameter(pattern[i]) ? !path[i].empty() : pattern[i] == path[i];
    if (!fits) return false;
  }
  return true;
}

RouteMatch RouteTable::find(std::string_view method, std::string_view path) const {
  RouteMatch match;
  const auto segments = split(path);
  for (std::size_t i = 0; i < patterns_.size(); ++i) {
    if (!matches(patterns_[i], segments)) continue;
    const auto name = to_string(routes_[i].method);
    if (name != method) {
      if (match.allow.find(name) == std::string::npos)
        match.allow += (match.allow.empty() ? "" : ", ") + std::string(name);
      continue;
    }
    for (std::size_t s = 0; s < segments.size(); ++s) {
      if (!is_parameter(patterns_[i][s])) continue;
      std::string value;
      if (!percent_decode(segments[s], false, value)) return {};
      match.parameters.push_back(std::move(value));
    }
    match.route = &routes_[i];
    match.allow.clear();
    return match;
  }
  return match;
}

}  // namespace sluice::api
