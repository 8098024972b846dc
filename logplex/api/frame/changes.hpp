#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "logplex/api/frame/change_lines.hpp"
#include "logplex/model/change.hpp"
#include "logplex/runtime/gate.hpp"
#include "logplex/runtime/working_for.hpp"
#include "logplex/store/store.hpp"

namespace sluice::api {

/// Asks the store for changes and answers each caller in time, also when the store does not: a disk that hangs is not
/// the client's to wait for. An owner's changes wait for each other in ChangeLines before they go to the store;
/// nobody's changes, which are those of the node's own key, never wait there.
///
/// Lives on its shard, owned by ApiShard; the store and the lines outlive it. A change that was given up goes on in the
/// store, which bounds how many wait there, and its outcome is forgotten. Await stopped() after cancel() before
/// destroying it.
class Changes final : public OnShard {
 public:
  /// `patience`: how long a caller waits, store.write_timeout.
  Changes(Shard& shard, Store& store, ChangeLines& lines, Duration patience)
      : OnShard(shard), store_(store), lines_(lines), patience_(patience), waits_(shard, "changes") {}

  /// What Store::apply() says, or kUnavailable after the patience: then the change may still be made, unless it waited
  /// for its owner's others all the time. `cost`: of the change, in bytes. `first`: before those others that are not.
  Task<result<Applied, Error>> make(Change change, Beneficiary owner = {}, std::size_t cost = 0, bool first = false);

  /// Runs a task that makes changes on nobody's behalf; it ends with the waits.
  void spawn(Task<void> task) { waits_.spawn(std::move(task)); }

  void cancel() { waits_.stop(); }
  Task<void> stopped() { return waits_.stopped(); }

 private:
  struct Wait {
    explicit Wait(Shard& shard) : ended(shard) {}
    std::optional<ChangeLines::Place> place;  // none: nobody's
    Event ended;
    std::optional<result<Applied, Error>> outcome;
  };

  Task<void> ask(Change change, std::shared_ptr<Wait> wait);

  Store& store_;
  ChangeLines& lines_;
  const Duration patience_;
  Gate waits_;
};

}  // namespace sluice::api
