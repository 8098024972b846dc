#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "logplex/base/slot.hpp"
#include "logplex/channel/seams/placement.hpp"
#include "logplex/model/changed_keys.hpp"
#include "logplex/model/snapshot.hpp"

namespace sluice::drains {

/// The ids of a shard's channels by slot, for drains that send the id with each line: no hash lookup per line. Lives on
/// its shard, owned by its DrainSet. Takes 32 bytes for each slot ever used, plus the ids.
class ChannelNames {
 public:
  /// `placement` is that of the shard, and must outlive this.
  explicit ChannelNames(const Placement& placement) : placement_(placement) {}

  void follow(const ConfigSnapshot& config, const ChangedKeys& changed);
  /// Empty if another shard owns the channel or it was deleted. Valid until the next follow().
  std::string_view name(ChannelSlot channel) const {
    return channel.value < names_.size() ? std::string_view(names_[channel.value]) : std::string_view();
  }

 private:
  void add(const ChannelEntry& entry);
  void remove(ChannelSlot channel);

  const Placement& placement_;
  std::vector<std::string> names_;
};

}  // namespace sluice::drains
