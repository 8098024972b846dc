#include "logplex/model/decide/decide_parts.hpp"

namespace sluice {
namespace {

/// More than a token ever takes: names and channel ids are bounded.
constexpr std::size_t kLargestToken = 800;

std::string size_text(std::size_t bytes) { return std::to_string((bytes + 1023) / 1024) + " KiB"; }

std::size_t bytes_of_tokens(const ChannelEntry& channel) {
  std::size_t bytes = 0;
  for (const auto& entry : channel.tokens) bytes += stored_bytes(entry->token);
  return bytes;
}

/// Bytes of what the channel keeps beside its tokens: its app and its drains.
std::size_t bytes_of_others(const ConfigSnapshot& config, const std::string& id, const ChannelEntry* channel) {
  std::size_t bytes = 0;
  if (const auto* app = config.app(id)) bytes += stored_bytes(app->app);
  if (channel == nullptr) return bytes;
  for (const auto& entry : channel->drains) bytes += stored_bytes(entry->drain);
  return bytes;
}

}  // namespace

result<void, Error> check_entry_bytes(const ConfigLimits& limits, std::string_view what, std::size_t before,
                                      std::size_t after) {
  if (after <= before || after <= limits.entry_bytes) return {};
  return over_limit(std::string(what) + " takes " + size_text(after) + ", more than the " +
                    size_text(limits.entry_bytes) + " that one entry of the configuration may have");
}

result<void, Error> check_channel_bytes(const ConfigSnapshot& config, const ConfigLimits& limits,
                                        const std::string& channel, std::size_t before, std::size_t after) {
  if (after <= before || channel.empty()) return {};
  const auto* entry = config.channel(channel);
  const auto others = bytes_of_others(config, channel, entry) + (after - before);
  const auto tokens = entry == nullptr ? 0 : entry->tokens.size();
  // Most channels are far below the limit, so there is no need to look at each token.
  if (others + tokens * kLargestToken <= limits.config_bytes_per_channel) return {};
  const auto all = others + (entry == nullptr ? 0 : bytes_of_tokens(*entry));
  if (all <= limits.config_bytes_per_channel) return {};
  return over_limit("the channel's configuration would take " + size_text(all) + ", more than the " +
                    size_text(limits.config_bytes_per_channel) +
                    " of limits.config_bytes_per_channel: remove tokens or drains, or make them smaller");
}

}  // namespace sluice
