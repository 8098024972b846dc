#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "logplex/api/tail/line_format.hpp"
#include "logplex/api/tail/line_query.hpp"
#include "logplex/base/slot.hpp"
#include "logplex/channel/fabric.hpp"
#include "logplex/runtime/event.hpp"

namespace sluice {
class MetricsPage;
}  // namespace sluice

namespace sluice::api {

class TailReader;
class TailSource;

/// What a reader asks of the shard that owns the channel.
struct TailRequest {
  ChannelSlot channel;
  LineQuery query;
  LineFormat format = LineFormat::kText;
  std::string resume;  // a cursor's text, from Last-Event-ID; empty = by num
};

/// Rendered lines on their way to a reader; owns its bytes.
struct TailBatch {
  std::string bytes;
  std::uint64_t matched = 0;  // in the first batch: lines of history that will follow
  bool found = true;          // false: there is no such channel here
  bool last = false;
};

struct TailCounters {
  std::uint64_t opened = 0;
  std::uint64_t lines = 0;
  std::uint64_t lost = 0;  // lines of the channel that a reader was told it will not get
  std::uint64_t batches = 0;
  std::uint64_t gave_up = 0;  // lines that a filter gave up on
};

/// The readers on one shard and the sources of readers on any shard:
///
///     connection's shard                    channel's shard
///     TailReader  ---- open, grant, close --->  TailSource (a Subscription)
///                 <------- TailBatch ---------
///
/// A source renders lines and sends them in batches of up to kBatchBytes while it has credit; a reader gives kCredit,
/// and a batch's credit back when the client's socket took it. So a client that does not read holds kCredit batches,
/// nobody waits for it, and what the channel gives up meanwhile is counted and told to it exactly.
///
/// One per shard, owned by the API, which outlives the connections. Mail looks readers and sources up by number, so
/// either end may be gone.
class Tails final : public OnShard {
 public:
  static constexpr std::size_t kBatchBytes = std::size_t{32} << 10;
  static constexpr unsigned kCredit = 2;

  Tails(Shard& shard, FabricShard& fabric);
  ~Tails();

  /// Those of all shards, in shard order. Before the shards run.
  void connect(std::vector<Tails*> all) { all_ = std::move(all); }

  const TailCounters& counters() const { return counters_; }
  std::size_t readers() const { return readers_.size(); }
  std::size_t sources() const { return sources_.size(); }
  void add_metrics(MetricsPage& page) const;

 private:
  friend class TailReader;
  friend class TailSource;
  struct Key {
    std::uint32_t shard = 0;
    std::uint64_t number = 0;
    friend auto operator<=>(const Key&, const Key&) = default;
  };

  // On the channel's shard.
  void open(Key reader, TailRequest request);
  void grant(Key reader);
  void close(Key reader);
  void send_batch(Key reader, TailBatch batch);
  // On the connection's shard.
  void deliver(std::uint64_t reader, TailBatch batch);

  FabricShard& fabric_;
  std::vector<Tails*> all_;
  std::uint64_t last_number_ = 0;
  std::unordered_map<std::uint64_t, TailReader*> readers_;
  std::map<Key, std::unique_ptr<TailSource>> sources_;
  TailCounters counters_;
};

/// A client's end. Lives in the task that writes to the client.
class TailReader {
 public:
  /// Asks the channel's shard to begin.
  TailReader(Tails& tails, std::uint32_t owner, TailRequest request);
  TailReader(const TailReader&) = delete;
  TailReader& operator=(const TailReader&) = delete;
  /// The source ends with the reader.
  ~TailReader();

  /// Set when a batch has come; for the client's end too.
  Event& ready() { return ready_; }
  bool has_batch() const { return !batches_.empty(); }
  TailBatch take_batch();
  /// The batch taken last has been written.
  void release();

 private:
  friend class Tails;

  Tails& tails_;
  const std::uint32_t owner_;
  const std::uint64_t number_;
  Event ready_;
  std::vector<TailBatch> batches_;  // at most kCredit
};

}  // namespace sluice::api
