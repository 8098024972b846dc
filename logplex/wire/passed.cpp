#include "logplex/wire/passed.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

#include <fmt/format.h>

namespace sluice {
namespace {

constexpr std::uint64_t kNoEnd = std::numeric_limits<std::uint64_t>::max();
/// Most ids for all messages, and most ranges, that a request may name; a frame of ours names fewer.
constexpr std::size_t kMostRead = 2 * PassedRuns::kMostSaid;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::optional<std::uint64_t> number(std::string_view text, int base) {
  std::uint64_t value = 0;
  const auto [stop, failed] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (failed != std::errc{} || stop != text.data() + text.size()) return std::nullopt;
  return value;
}

/// Calls take(part) for each part between separators.
void for_each_part(std::string_view text, char separator, auto take) {
  for (;;) {
    const std::size_t end = text.find(separator);
    if (const auto part = trimmed(text.substr(0, end)); !part.empty()) take(part);
    if (end == std::string_view::npos) return;
    text.remove_prefix(end + 1);
  }
}

}  // namespace

PassedLogs::PassedLogs(PassedView ids) {
  for (std::size_t i = 0; i < ids.size(); ++i) add(ids[i]);
}

bool PassedLogs::contains(std::uint64_t id) const {
  const auto known = ids();
  return std::find(known.begin(), known.end(), id) != known.end();
}

bool PassedLogs::add(std::uint64_t id) {
  if (contains(id)) return true;
  if (size_ == ids_.size()) return false;
  ids_[size_++] = id;
  return true;
}

void PassedRuns::add(std::uint64_t message, PassedView logs) {
  if (logs.size() == 0) return;
  const PassedLogs passed(logs);
  if (!runs_.empty() && runs_.back().last + 1 == message && runs_.back().logs == passed) {
    ++runs_.back().last;
    return;
  }
  runs_.push_back({message, message, passed});
  said_ += logs.size();
}

PassedRuns PassedRuns::part(std::uint64_t first, std::uint64_t end) const {
  PassedRuns part;
  for (const PassedRun& run : runs_) {
    if (run.last < first || run.first >= end) continue;
    part.runs_.push_back({std::max(run.first, first) - first, std::min(run.last, end - 1) - first, run.logs});
    part.said_ += run.logs.ids().size();
  }
  return part;
}

std::string PassedRuns::text() const {
  std::vector<std::pair<std::uint64_t, std::string>> by_id;
  for (const PassedRun& run : runs_) {
    const auto range =
        run.first == run.last ? fmt::format("{}", run.first + 1) : fmt::format("{}-{}", run.first + 1, run.last + 1);
    for (const std::uint64_t id : run.logs.ids()) {
      auto known = std::find_if(by_id.begin(), by_id.end(), [id](const auto& entry) { return entry.first == id; });
      if (known == by_id.end()) known = by_id.insert(by_id.end(), {id, {}});
      known->second += (known->second.empty() ? "" : ",") + range;
    }
  }
  std::string text;
  for (const auto& [id, ranges] : by_id) text += fmt::format("{}{:016x}={}", text.empty() ? "" : ";", id, ranges);
  return text;
}

void PassedFields::add_origin(std::string_view field) {
  for_each_part(field, ',', [this](std::string_view part) {
    if (const auto id = number(part, 16); id && all_.size() <= kMostRead) all_.push_back(*id);
  });
}

void PassedFields::add_passed(std::string_view field) {
  for_each_part(field, ';', [this](std::string_view part) {
    const std::size_t equals = part.find('=');
    const auto id = number(trimmed(part.substr(0, equals)), 16);
    if (!id) return;
    if (equals != std::string_view::npos) return add_ranges(*id, part.substr(equals + 1));
    if (all_.size() <= kMostRead) all_.push_back(*id);
  });
}

void PassedFields::add_ranges(std::uint64_t id, std::string_view ranges) {
  for_each_part(ranges, ',', [this, id](std::string_view part) {
    const std::size_t dash = part.find('-');
    const auto first = number(part.substr(0, dash), 10);
    const auto last = dash == std::string_view::npos ? first : number(part.substr(dash + 1), 10);
    if (!first || !last || *first == 0 || *last < *first || some_.size() > kMostRead) return;
    some_.push_back({id, *first - 1, *last - 1});
  });
}

PassedFields::Stretch PassedFields::stretch(std::uint64_t first, std::uint64_t last) const {
  Stretch stretch{last, PassedLogs()};
  bool few = true;
  for (const std::uint64_t id : all_) few = few && stretch.logs->add(id);
  for (const Range& range : some_)
    if (few && range.first <= first && range.last >= first) few = stretch.logs->add(range.id);
  if (!few) stretch.logs.reset();
  return stretch;
}

std::optional<std::vector<PassedFields::Stretch>> PassedFields::stretches() const {
  if (all_.size() > kMostRead || some_.size() > kMostRead) return std::nullopt;
  std::vector<std::uint64_t> begins{0};
  for (const Range& range : some_) {
    begins.push_back(range.first);
    if (range.last != kNoEnd) begins.push_back(range.last + 1);
  }
  std::sort(begins.begin(), begins.end());
  begins.erase(std::unique(begins.begin(), begins.end()), begins.end());
  std::vector<Stretch> found;
  for (std::size_t i = 0; i < begins.size(); ++i)
    found.push_back(stretch(begins[i], i + 1 < begins.size() ? begins[i + 1] - 1 : kNoEnd));
  return found;
}

}  // namespace sluice
