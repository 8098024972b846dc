#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>

#include "logplex/model/change.hpp"
#include "logplex/runtime/gate.hpp"
#include "logplex/runtime/working_for.hpp"
#include "logplex/store/store.hpp"

namespace sluice {

class MetricsPage;

/// Asks the store for changes and answers each caller in time, also when the store does not: a disk that hangs is not
/// the client's to wait for.
///
/// The store takes changes in the order in which they come, so that each waits for those before it. An owner, which is
/// an API key, therefore has kBytesAtOnce there at most, or one change however large; its others wait here in their
/// order. Each entry that a change writes counts as 4 KiB beside the bytes of its request. Nobody's changes, which are
/// those of the node's own key, never wait here.
///
/// Lives on its shard, owned by ApiShard; the store outlives it. A change that was given up goes on in the store, which
/// bounds how many wait there, and its outcome is forgotten. Await stopped() after cancel() before destroying it.
class Changes final : public OnShard {
 public:
  static constexpr std::size_t kBytesAtOnce = 64 << 10;

  /// `patience`: how long a caller waits, store.write_timeout.
  Changes(Shard& shard, Store& store, Duration patience)
      : OnShard(shard), store_(store), patience_(patience), waits_(shard, "changes") {}

  /// What Store::apply() says, or kUnavailable after the patience: then the change may still be made, unless it waited
  /// here all the time. `bytes`: how large its request was.
  Task<result<Applied, Error>> make(Change change, Beneficiary owner = {}, std::size_t bytes = 0);

  /// Runs a task that makes changes on nobody's behalf; it ends with the waits.
  void spawn(Task<void> task) { waits_.spawn(std::move(task)); }

  void add_metrics(MetricsPage& page) const;
  void cancel() { waits_.stop(); }
  Task<void> stopped() { return waits_.stopped(); }

 private:
  struct Wait {
    Wait(Shard& shard, std::size_t its_bytes) : bytes(its_bytes), turn(shard), ended(shard) {}
    const std::size_t bytes;
    Event turn;
    Event ended;
    bool has_turn = false;
    bool given_up = false;
    std::optional<result<Applied, Error>> outcome;
  };
  /// An owner's changes.
  struct Line {
    std::size_t bytes = 0;  // of those that are with the store
    std::deque<std::shared_ptr<Wait>> waiting;
  };
  using Lines = std::map<std::uint64_t, Line>;
  class Turn;

  Task<void> ask(Change change, Beneficiary owner, std::shared_ptr<Wait> wait);
  void go_on(Line& line);
  void end_turn(Lines::iterator line, std::size_t bytes);

  Store& store_;
  const Duration patience_;
  Lines lines_;  // of owners with changes
  Gate waits_;
};

}  // namespace sluice
