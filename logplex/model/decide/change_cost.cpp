#include "logplex/model/decide/change_cost.hpp"

#include "logplex/model/acceptable.hpp"
#include "logplex/model/snapshot.hpp"

namespace sluice {
namespace {

struct Cost {
  const ConfigSnapshot& config;

  /// Changes of a small entry, or of one whose size the request already counts.
  template <class Small>
  std::size_t operator()(const Small&) const {
    return kCostOfAnEntry;
  }

  std::size_t operator()(const PutApp& change) const { return kCostOfAnEntry + of_channel_made(change.name); }
  std::size_t operator()(const DeleteApp& change) const {
    return kCostOfAnEntry + (change.keep_channel ? 0 : kCostOfAChannel);
  }
  std::size_t operator()(const PutBackend& change) const { return of_app(change.app); }
  std::size_t operator()(const RemoveBackend& change) const { return of_app(change.app); }
  std::size_t operator()(const AddDomain& change) const { return of_app(change.app); }
  std::size_t operator()(const RemoveDomain& change) const { return of_app(change.app); }
  std::size_t operator()(const PatchFeatures& change) const { return of_app(change.app); }

  /// A list of tokens that replaces another one changes twice as many entries as it names; kCostOfAnEntry is large
  /// enough for that.
  std::size_t operator()(const PutChannel& change) const {
    return of_channel_made(change.id) + (change.tokens ? change.tokens->size() * kCostOfAnEntry : 0);
  }
  std::size_t operator()(const CreateChannel& change) const { return (1 + change.tokens.size()) * kCostOfAnEntry; }
  std::size_t operator()(const DeleteChannel&) const { return kCostOfAChannel; }
  std::size_t operator()(const SetDrainPaused& change) const {
    const auto* entry = config.drain(change.id);
    return kCostOfAnEntry + (entry == nullptr ? 0 : stored_bytes(entry->drain));
  }

  /// An app is one entry, and any change rewrites all of it.
  std::size_t of_app(const std::string& name) const {
    const auto* entry = config.app(name);
    return kCostOfAnEntry + (entry == nullptr ? 0 : stored_bytes(entry->app));
  }
  /// Making a channel also rewrites all keys that wait for it.
  std::size_t of_channel_made(const std::string& id) const {
    std::size_t cost = kCostOfAnEntry;
    if (config.channel(id) != nullptr) return cost;
    for (const auto* key : config.keys_waiting_for(id)) cost += kCostOfAnEntry + stored_bytes(Entry(*key));
    return cost;
  }
};

}  // namespace

std::size_t cost_of(const Change& change, const ConfigSnapshot& config) { return std::visit(Cost{config}, change); }

}  // namespace sluice
