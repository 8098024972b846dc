#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>

#include "logplex/runtime/event.hpp"
#include "logplex/runtime/working_for.hpp"

namespace sluice {
class MetricsPage;
}  // namespace sluice

namespace sluice::api {

/// A queue of changes for each owner, over all shards. An owner is an API key together with the keys that share its
/// limits. The store makes changes in their order of arrival, so each waits for those before it. Therefore an owner has
/// at most kBytesAtOnce in the store, or one change of any size; its other changes wait here in their order. Changes of
/// the key that made the other keys go first, so that it can always take back what it gave away.
///
///     ChangeLines::Place place(lines, shard, owner, bytes, false);
///     if (!co_await place.turn_within(patience)) co_return;
///     co_await store.apply(...);
///
/// Any thread; owned by Api, and outlives all places. Each call takes a lock for a short time.
class ChangeLines {
 public:
  static constexpr std::size_t kBytesAtOnce = 64 << 10;

  /// A change in its owner's queue, until this object is destroyed. Lives on its shard.
  class Place {
   public:
    Place(ChangeLines& lines, Shard& shard, Beneficiary owner, std::size_t bytes, bool first);
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place();

    bool has_turn() const;
    /// True when it is the change's turn; false when the time passed or the task was cancelled first.
    Task<bool> turn_within(Duration time);

   private:
    friend class ChangeLines;
    struct State;
    ChangeLines& lines_;
    const Beneficiary owner_;
    const std::shared_ptr<State> state_;
  };

  /// How many changes wait, and how many gave up in turn_within(). Call once for all shards.
  void add_metrics(MetricsPage& page) const;

 private:
  struct Line {
    std::size_t bytes = 0;  // of the changes that have their turn
    std::deque<std::shared_ptr<Place::State>> waiting;
  };

  static void tell(const std::shared_ptr<Place::State>& place);
  /// True when the place has its turn at once.
  bool join(Beneficiary owner, const std::shared_ptr<Place::State>& place);
  void leave(Beneficiary owner, const Place::State& place);
  void go_on(Line& line, const Place::State* newcomer = nullptr);

  mutable std::mutex mutex_;
  std::map<std::uint64_t, Line> lines_;  // by Beneficiary::packed(); only owners with changes
  std::atomic<std::uint64_t> given_up_{0};
};

}  // namespace sluice::api
