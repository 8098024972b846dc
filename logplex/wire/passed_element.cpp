#include "logplex/wire/passed_element.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include <fmt/format.h>

#include "logplex/wire/syslog_parse.hpp"

namespace sluice {
namespace {

constexpr std::string_view kBegin = "[sluice@32473 ";
constexpr std::string_view kPassed = "[sluice@32473 passed=\"";
constexpr std::string_view kEnd = "\"]";
constexpr std::size_t kDigits = 16;

std::optional<std::uint64_t> id_of(std::string_view text) {
  std::uint64_t id = 0;
  const char* end = text.data() + text.size();
  const auto [stop, failed] = std::from_chars(text.data(), end, id, 16);
  if (text.size() != kDigits || failed != std::errc{} || stop != end) return std::nullopt;
  return id;
}

/// Adds the ids of an element; false when there are too many.
bool add_ids(std::string_view element, PassedLogs& logs) {
  if (!element.starts_with(kPassed) || !element.ends_with(kEnd)) return true;
  element = element.substr(kPassed.size(), element.size() - kPassed.size() - kEnd.size());
  while (const auto id = id_of(element.substr(0, kDigits))) {
    if (!logs.add(*id)) return false;
    element.remove_prefix(kDigits);
    if (!element.starts_with(',')) break;
    element.remove_prefix(1);
  }
  return true;
}

}  // namespace

void append_passed_element(std::string& out, std::span<const std::uint64_t> own, PassedView before) {
  PassedLogs known;
  bool begun = false;
  const auto put = [&](std::uint64_t id) {
    if (id == 0 || known.contains(id)) return;
    known.add(id);
    out += begun ? "," : kPassed;
    out += fmt::format("{:016x}", id);
    begun = true;
  };
  for (const std::uint64_t id : own) put(id);
  for (std::size_t i = 0; i < before.size(); ++i) put(before[i]);
  if (begun) out += kEnd;
}

bool have_common(std::span<const std::uint64_t> ids, std::span<const std::uint64_t> own) {
  return std::find_first_of(ids.begin(), ids.end(), own.begin(), own.end()) != ids.end();
}

bool take_passed_elements(std::string_view& structured_data, std::string& others, PassedLogs& logs) {
  if (structured_data.find(kBegin) == std::string_view::npos) return true;
  others.clear();
  bool few = true;
  bool any = false;
  for (std::string_view rest = structured_data; !rest.empty();) {
    const std::size_t size = structured_element_size(rest);
    const std::string_view element = rest.substr(0, size == 0 ? rest.size() : size);
    rest.remove_prefix(element.size());
    const bool ours = size > 0 && element.starts_with(kBegin);
    if (ours) few = few && add_ids(element, logs);
    if (!ours) others += element;
    any = any || ours;
  }
  if (others.empty()) others = "-";
  if (any) structured_data = others;
  return few;
}

}  // namespace sluice
