#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "logplex/api/frame/change_lines.hpp"
#include "logplex/model/change.hpp"
#include "logplex/runtime/gate.hpp"
#include "logplex/runtime/reply.hpp"
#include "logplex/runtime/working_for.hpp"
#include "logplex/store/store.hpp"

namespace sluice::api {

/// Asks the store for changes and answers each caller in time, even when the store is slow: a client does not wait for
/// a disk that hangs. An owner's changes wait in ChangeLines before they go to the store. Changes of the node's own key
/// have no owner and never wait there.
///
/// Lives on its shard, owned by ApiShard; the store and the lines outlive it. A change whose caller stopped waiting
/// continues in the store, which bounds how many wait there; its outcome is ignored. Call cancel() and await stopped()
/// before destroying it.
class Changes final : public OnShard {
 public:
  /// `patience`: how long a caller waits, store.write_timeout.
  Changes(Shard& shard, Store& store, ChangeLines& lines, Duration patience)
      : OnShard(shard), store_(store), lines_(lines), patience_(patience), waits_(shard, "changes") {}

  /// Returns the result of Store::apply(), or kUnavailable when `patience` is over. The change may still be made then,
  /// unless it spent all that time waiting for other changes of its owner. `cost`: size of the change in bytes.
  /// `first`: goes before waiting changes without `first`.
  Task<result<Applied, Error>> make(Change change, Beneficiary owner = {}, std::size_t cost = 0, bool first = false);

  /// Runs a task that makes changes without an owner; cancel() ends it.
  void spawn(Task<void> task) { waits_.spawn(std::move(task)); }

  void cancel() { waits_.stop(); }
  Task<void> stopped() { return waits_.stopped(); }

 private:
  struct Wait {
    std::optional<ChangeLines::Place> place;  // none: the change has no owner
    Reply<result<Applied, Error>> reply;
  };

  Task<void> ask(Change change, std::shared_ptr<Wait> wait);

  Store& store_;
  ChangeLines& lines_;
  const Duration patience_;
  Gate waits_;
};

}  // namespace sluice::api
