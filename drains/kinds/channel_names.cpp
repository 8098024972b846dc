#include "drains/kinds/channel_names.hpp"

namespace sluice::drains {

void ChannelNames::follow(const ConfigSnapshot& config, const ChangedKeys& changed) {
  if (changed.everything) {
    config.for_each_channel([this](const ChannelEntry& entry) { add(entry); });
    add(config.router_channel());
    return;
  }
  for (const ChangedKeys::Channel& key : changed.channels) {
    const ChannelEntry* entry = config.channel(key.id);
    if (entry != nullptr && entry->slot == key.slot)
      add(*entry);
    else
      remove(key.slot);
  }
}

void ChannelNames::add(const ChannelEntry& entry) {
  if (!placement_.is_mine(entry.partition)) return remove(entry.slot);
  if (entry.slot.value >= names_.size()) names_.resize(entry.slot.value + 1);
  names_[entry.slot.value] = entry.channel.id;
}

void ChannelNames::remove(ChannelSlot channel) {
  if (channel.value < names_.size()) std::string().swap(names_[channel.value]);
}

}  // namespace sluice::drains
