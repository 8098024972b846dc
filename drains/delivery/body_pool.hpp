#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "drains/kinds/shared_body.hpp"
#include "logplex/channel/fabric.hpp"
#include "logplex/runtime/wheel.hpp"

namespace sluice::drains {

/// The memory of frames on one shard. Bodies are used again, last in first out, because the first touch of fresh memory
/// is the largest single cost of a line; all of it counts against the fabric's byte budget. What was not needed for a
/// second goes back to the system.
///
/// Owned by the shard's DrainSet; outlives all frames. It has no limit of its own: who makes frames asks is_tight(),
/// and relieve() takes them from holders.
class BodyPool final : public OnShard {
 public:
  /// Holds frames that others do not need.
  class Holder {
   public:
    /// Memory is short: gives up frames that are not under way.
    virtual void give_up_frames() = 0;

   protected:
    ~Holder() = default;
  };

  BodyPool(Shard& shard, FabricShard& fabric);
  ~BodyPool();

  /// Empty, with memory from before when there is some.
  std::string take();
  void give_back(std::string body);
  /// Room for so many bytes, so that it does not grow while it is filled.
  SharedBodyRef take_shared(std::size_t bytes);
  /// After it was filled: counts what it takes.
  void settle(SharedBody& body);
  /// No line comes to it any more. One with few bytes gives up its room for many.
  void close(SharedBody& body);

  /// The last ones give up frames last. Nobody is added twice.
  void add_holder(Holder& holder);
  void remove_holder(Holder& holder);
  /// While frames take more than a half, holders give theirs up, and are none any more.
  void relieve();

  void charge(std::int64_t bytes);
  /// Frames take more than a quarter of the shard's budget: drains keep one at a time, beside those that arrived.
  bool is_tight() const { return in_frames() > fabric_.budget_bytes() / 4; }
  /// Frames take more than a half: drains keep one at a time.
  bool is_full() const { return in_frames() > fabric_.budget_bytes() / 2; }
  std::uint64_t used_bytes() const { return used_; }
  std::size_t shared_bodies() const { return all_shared_.size() - spare_shared_.size(); }

 private:
  friend class SharedBodyRef;

  void give_back(SharedBody& body);
  std::uint64_t in_frames() const { return used_ - spare_bytes_; }
  void watch();
  void on_second();

  FabricShard& fabric_;
  std::uint64_t used_ = 0;         // with what is spare
  std::uint64_t spare_bytes_ = 0;  // of spare_ and spare_shared_
  std::vector<std::string> spare_;
  std::vector<SharedBody*> spare_shared_;
  std::vector<std::unique_ptr<SharedBody>> all_shared_;
  std::vector<Holder*> holders_;
  std::size_t least_spare_ = 0;  // since the last second began
  std::size_t least_spare_shared_ = 0;
  Deadline<&BodyPool::on_second> second_;
};

}  // namespace sluice::drains
