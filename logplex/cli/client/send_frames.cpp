#include "logplex/cli/client/send_frames.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "logplex/cli/view/cli_error.hpp"
#include "logplex/cli/view/times.hpp"

namespace sluice::cli {
namespace {

constexpr std::size_t kLargestFrame = 10'240;
constexpr std::size_t kLongestField = 255;
constexpr std::size_t kLongestLine = std::size_t{1} << 20;
constexpr std::size_t kUsedToDrop = 64 << 10;

result<void, Error> check_field(const char* name, std::string_view value) {
  const bool printable = std::all_of(value.begin(), value.end(), [](char c) { return c > ' ' && c < 0x7f; });
  if (value.empty() || value.size() > kLongestField || !printable) {
    return usage_error(std::string(name) + " '" + std::string(value.substr(0, 40)) +
                       "' must be 1 to 255 printable ASCII characters without blanks");
  }
  return {};
}

/// The largest prefix of at most `most` bytes that does not end inside a UTF-8 character.
std::size_t cut_between_characters(std::string_view text, std::size_t most) {
  if (text.size() <= most) return text.size();
  std::size_t cut = most;
  while (cut > most - 4 && (static_cast<unsigned char>(text[cut]) & 0xc0) == 0x80) --cut;
  return cut;
}

}  // namespace

result<void, Error> check_send_header(const SendHeader& header) {
  SLUICE_TRY_VOID(check_field("--source", header.source));
  SLUICE_TRY_VOID(check_field("--proc", header.process));
  return check_field("the host name", header.host);
}

unsigned pri_of_level(std::string_view level) {
  static constexpr std::array<std::string_view, 8> kNames = {"emerg",   "alert",  "crit", "err",
                                                             "warning", "notice", "info", "debug"};
  const std::string_view name = level == "error" ? "err" : level;
  const auto found = std::find(kNames.begin(), kNames.end(), name);
  return 184 + static_cast<unsigned>(found == kNames.end() ? 6 : found - kNames.begin());
}

void FrameBatch::add(std::string_view line, WallTime now) {
  const std::string header = fmt::format("<{}>1 {} {} {} {} - - ", header_.pri, format_time(now), header_.host,
                                         header_.source, header_.process);
  const std::size_t room = kLargestFrame - header.size() - 1;
  do {
    const std::size_t size = cut_between_characters(line, room);
    add_frame(header, line.substr(0, size));
    line.remove_prefix(size);
  } while (!line.empty());
}

void FrameBatch::add_frame(std::string_view header, std::string_view text) {
  fmt::format_to(std::back_inserter(body_), "{} {}{}\n", header.size() + text.size() + 1, header, text);
  ++frames_;
}

void FrameBatch::clear() {
  body_.clear();
  frames_ = 0;
}

bool LineCutter::take(std::string& line) {
  const std::size_t end = pending_.find('\n', used_);
  const bool too_long = end == std::string::npos && pending_.size() - used_ >= kLongestLine;
  if (end == std::string::npos && !too_long) {
    pending_.erase(0, std::exchange(used_, 0));
    return false;
  }
  const std::size_t size = too_long ? kLongestLine : end - used_;
  line = pending_.substr(used_, size);
  if (line.ends_with('\r')) line.pop_back();
  used_ += size + (too_long ? 0 : 1);
  if (used_ > kUsedToDrop) pending_.erase(0, std::exchange(used_, 0));
  return true;
}

std::string LineCutter::rest() {
  std::string line = pending_.substr(used_);
  pending_.clear();
  used_ = 0;
  return line;
}

}  // namespace sluice::cli
