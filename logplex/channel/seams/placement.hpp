#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

namespace sluice {

/// The shard that owns a partition, and the node that this shard is on.
struct Owner {
  static constexpr std::uint32_t kThisNode = 0;

  std::uint32_t node = kThisNode;  // the process's own number for a node
  std::uint32_t shard = 0;         // of that node

  bool here() const { return node == kThisNode; }
  friend bool operator==(const Owner&, const Owner&) = default;
};

/// Something on a shard that acts on a change of owners.
class PlacementObserver {
 public:
  /// Called in a turn of its shard. Must not add or remove observers.
  virtual void on_placement() = 0;

 protected:
  virtual ~PlacementObserver() = default;
};

/// Says who owns each partition, as one shard sees it. Nobody else computes owners.
///
/// Each shard has its own, owned by Fabric, so a change reaches each shard in a turn of that shard. Observers are
/// called in the order in which they were added; remove an observer before it is destroyed. While no shard runs, any
/// thread may ask for owners.
class Placement {
 public:
  explicit Placement(std::uint32_t shard) : shard_(shard) {}
  Placement(const Placement&) = delete;
  Placement& operator=(const Placement&) = delete;
  virtual ~Placement() = default;

  virtual Owner owner_of(std::uint32_t partition) const = 0;
  Owner owner_of_channel(std::string_view channel_id) const;
  /// Whether this shard owns the partition.
  bool is_mine(std::uint32_t partition) const { return owner_of(partition) == Owner{Owner::kThisNode, shard_}; }
  /// Raised by every change.
  std::uint64_t epoch() const { return epoch_; }

  void add(PlacementObserver& observer) { observers_.push_back(&observer); }
  void remove(PlacementObserver& observer) { std::erase(observers_, &observer); }

 protected:
  /// Raises the epoch and calls the observers. An implementation calls it after owners have changed.
  void tell_observers();

 private:
  const std::uint32_t shard_;
  std::uint64_t epoch_ = 1;
  std::vector<PlacementObserver*> observers_;
};

/// A node alone: its shards own contiguous ranges of partitions for as long as the process runs.
class FixedPlacement final : public Placement {
 public:
  FixedPlacement(std::uint32_t shard, std::uint32_t shards) : Placement(shard), shards_(shards) {}
  Owner owner_of(std::uint32_t partition) const override;

 private:
  const std::uint32_t shards_;
};

/// Makes the placement that a shard sees.
using MakePlacement = std::function<std::unique_ptr<Placement>(std::uint32_t shard, std::uint32_t shards)>;
std::unique_ptr<Placement> fixed_placement(std::uint32_t shard, std::uint32_t shards);

}  // namespace sluice
