#include "logplex/channel/log_identity.hpp"

#include <charconv>
#include <optional>

#include <fmt/core.h>

namespace sluice {
namespace {

constexpr std::uint32_t kLastEpoch = (1U << 24) - 1;
constexpr std::string_view kMagic = "sluice-log 1\n";
constexpr std::string_view kIdKey = "log_id=";
constexpr std::string_view kEpochKey = "epoch=";

std::string to_text(const LogIdentity& identity) {
  return fmt::format("{}{}{:016x}\n{}{}\n", kMagic, kIdKey, identity.log_id, kEpochKey, identity.epoch);
}

template <class T>
bool read_number(std::string_view& text, std::string_view key, int base, T& out) {
  if (!text.starts_with(key)) return false;
  text.remove_prefix(key.size());
  const auto end = text.find('\n');
  if (end == std::string_view::npos) return false;
  const auto read = std::from_chars(text.data(), text.data() + end, out, base);
  if (read.ec != std::errc() || read.ptr != text.data() + end) return false;
  text.remove_prefix(end + 1);
  return true;
}

std::optional<LogIdentity> from_text(std::string_view text) {
  LogIdentity identity;
  if (!text.starts_with(kMagic)) return std::nullopt;
  text.remove_prefix(kMagic.size());
  if (!read_number(text, kIdKey, 16, identity.log_id) || !read_number(text, kEpochKey, 10, identity.epoch))
    return std::nullopt;
  if (!text.empty() || identity.epoch > kLastEpoch) return std::nullopt;
  return identity;
}

Error damaged(const std::string& path) {
  return {make_error_code(boost::system::errc::invalid_argument),
          path +
              " is damaged: it should name the log and its epoch. Remove it to begin a new log; "
              "positions that readers kept are then no longer valid"};
}

}  // namespace

result<LogIdentity, Error> LogIdentity::begin(const std::string& directory, Files& files, Rng& rng) {
  const std::string path = directory + "/log-id";
  LogIdentity identity;
  if (files.exists(path)) {
    SLUICE_TRY(const std::string text, files.read(path));
    const auto known = from_text(text);
    if (!known) return damaged(path);
    identity = *known;
  } else {
    identity.log_id = rng.next();
  }
  // After the last epoch, sequence numbers would repeat: begin a new log.
  if (identity.epoch == kLastEpoch) identity = {rng.next(), 0};
  ++identity.epoch;
  SLUICE_TRY_VOID(files.replace(path, to_text(identity), 0600));
  return identity;
}

}  // namespace sluice
