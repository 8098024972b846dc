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

/// The changes of each owner, which is an API key with those that share its limits, over all shards. The store takes
/// changes in the order in which they come, so that each waits for those before it. An owner therefore has kBytesAtOnce
/// there at most, or one change however large; its others wait here in their order. Those of the key that made the
/// others go first: what it gave away it can take back.
///
///     ChangeLines::Place place(lines, shard, owner, bytes, false);
///     if (!co_await place.turn_within(patience)) co_return;
///     co_await store.apply(...);
///
/// Any thread; owned by Api, and outlives all places. A call takes a short lock.
class ChangeLines {
 public:
  static constexpr std::size_t kBytesAtOnce = 64 << 10;

  /// A change in its owner's line, until it is destroyed. Lives on its shard.
  class Place {
   public:
    Place(ChangeLines& lines, Shard& shard, Beneficiary owner, std::size_t bytes, bool first);
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place();

    bool has_turn() const;
    /// Returns true when it is the change's turn, false when the time passed or the task was cancelled first.
    Task<bool> turn_within(Duration time);

   private:
    friend class ChangeLines;
    struct State;
    ChangeLines& lines_;
    const Beneficiary owner_;
    const std::shared_ptr<State> state_;
  };

  /// How many wait, and how many have given up in turn_within(). Once for all shards.
  void add_metrics(MetricsPage& page) const;

 private:
  struct Line {
    std::size_t bytes = 0;  // of those that have their turn
    std::deque<std::shared_ptr<Place::State>> waiting;
  };

  static void tell(const std::shared_ptr<Place::State>& place);
  /// True when it is the place's turn at once.
  bool join(Beneficiary owner, const std::shared_ptr<Place::State>& place);
  void leave(Beneficiary owner, const Place::State& place);
  void go_on(Line& line, const Place::State* newcomer = nullptr);

  mutable std::mutex mutex_;
  std::map<std::uint64_t, Line> lines_;  // by Beneficiary::packed(); of owners with changes
  std::atomic<std::uint64_t> given_up_{0};
};

}  // namespace sluice::api
