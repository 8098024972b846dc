#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "drains/kinds/shared_body.hpp"
#include "logplex/channel/fabric.hpp"
#include "logplex/runtime/wheel.hpp"

namespace sluice::drains {

/// The memory of frames on one shard. The pool reuses bodies, last in first out, because touching fresh memory for the
/// first time is the largest single cost of a line. All of its memory counts against the fabric's byte budget. Memory
/// that nobody needed for a second goes back to the system, half of it each second.
///
/// Owned by the shard's DrainSet; must outlive all frames. The pool has no limit of its own: before making a frame,
/// callers ask has_room(), is_tight() and is_full(), and relieve() makes holders free frames.
class BodyPool final : public OnShard {
 public:
  /// Holds frames whose bytes it can free when memory is short.
  class Holder {
   public:
    /// Memory is short: frees the bytes of all frames that are not under way.
    virtual void fold_frames() = 0;

   protected:
    ~Holder() = default;
  };

  BodyPool(Shard& shard, FabricShard& fabric);
  ~BodyPool();

  /// An empty body; reuses a spare buffer if there is one.
  std::string take();
  void give_back(std::string body);
  /// An empty shared body with room for `bytes` bytes, so that it does not grow while it is filled.
  SharedBodyRef take_shared(std::size_t bytes);
  /// Call it after filling the body: charges its memory to the budget.
  void settle(SharedBody& body);
  /// Call it when no more lines are added. Moves the bytes out of a buffer that is far too large.
  void close(SharedBody& body);

  /// Adds a holder to the end of the list; relieve() begins at the front. Do not add one twice.
  void add_holder(Holder& holder);
  void remove_holder(Holder& holder);
  /// While is_full(), takes the first holder off the list and makes it free its frames.
  void relieve();

  void charge(std::int64_t bytes);
  /// Frames take more than a quarter of the shard's budget: a drain then keeps one frame, besides those that have
  /// arrived.
  bool is_tight() const { return in_frames() > fabric_.budget_bytes() / 4; }
  /// Frames take more than half of the budget: a drain then keeps one frame.
  bool is_full() const { return in_frames() > fabric_.budget_bytes() / 2; }
  /// Whether a drain may make another frame. While is_full(), a drain that fails gets none, so that what is left up to
  /// five eighths of the budget is for those that deliver.
  bool has_room(bool failing) const { return failing ? !is_full() : in_frames() <= fabric_.budget_bytes() / 8 * 5; }
  std::uint64_t used_bytes() const { return used_; }
  std::size_t shared_bodies() const { return all_shared_.size() - spare_shared_.size(); }

 private:
  friend class SharedBodyRef;

  void give_back(SharedBody& body);
  std::uint64_t in_frames() const { return used_ - spare_bytes_; }
  void watch();
  void on_second();

  FabricShard& fabric_;
  std::uint64_t used_ = 0;         // including spare memory
  std::uint64_t spare_bytes_ = 0;  // in spare_ and spare_shared_
  std::vector<std::string> spare_;
  std::vector<SharedBody*> spare_shared_;
  std::vector<std::unique_ptr<SharedBody>> all_shared_;
  std::vector<Holder*> holders_;
  std::size_t least_spare_ = 0;  // lowest number since the last second began
  std::size_t least_spare_shared_ = 0;
  Deadline<&BodyPool::on_second> second_;
};

}  // namespace sluice::drains
