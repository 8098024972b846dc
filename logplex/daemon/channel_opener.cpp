#include "logplex/daemon/channel_opener.hpp"

namespace sluice::daemon {

void ChannelOpener::on_config(const ConfigSnapshot& config, const ChangedKeys& changed) {
  if (changed.everything) {
    config.for_each_channel([this](const ChannelEntry& entry) { fabric_.open_channel(entry.slot, entry.channel.id); });
    fabric_.open_channel(config.router_channel().slot, config.router_channel().channel.id);
    return;
  }
  for (const ChangedKeys::Channel& key : changed.channels) {
    const ChannelEntry* entry = config.channel(key.id);
    if (entry != nullptr && entry->slot == key.slot)
      fabric_.open_channel(key.slot, key.id);
    else
      fabric_.close_channel(key.slot);
  }
}

}  // namespace sluice::daemon
