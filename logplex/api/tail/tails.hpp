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

/// A reader's request to the shard that owns the channel.
struct TailRequest {
  ChannelSlot channel;
  LineQuery query;
  LineFormat format = LineFormat::kText;
  std::string resume;  // text of a cursor, from Last-Event-ID; empty = begin by `num`
};

/// Rendered lines on their way to a reader; owns its bytes.
struct TailBatch {
  std::string bytes;
  std::uint64_t matched = 0;  // in the first batch: how many lines of history will follow
  bool found = true;          // false: the channel does not exist
  bool last = false;
};

struct TailCounters {
  std::uint64_t opened = 0;
  std::uint64_t lines = 0;
  std::uint64_t lost = 0;  // lines that readers were told they lost
  std::uint64_t batches = 0;
  std::uint64_t gave_up = 0;  // lines that a filter gave up on: no match
};

/// The readers on one shard, and the sources on this shard for readers on any shard:
///
///     connection's shard                    channel's shard
///     TailReader  ---- open, grant, close --->  TailSource (a ChannelReader)
///                 <------- TailBatch ---------
///
/// A source renders lines and sends them in batches of up to kBatchBytes while it has credit. A reader starts with
/// kCredit batches of credit and returns a batch's credit once the client's socket has taken it. So a client that does
/// not read holds at most kCredit batches and blocks nobody. The source counts the lines that the channel drops
/// meanwhile and reports the exact number to the client as a gap.
///
/// One per shard, owned by the API, which outlives the connections. Messages name readers and sources by number, so
/// either end may already be gone.
class Tails final : public OnShard {
 public:
  static constexpr std::size_t kBatchBytes = std::size_t{32} << 10;
  static constexpr unsigned kCredit = 2;

  Tails(Shard& shard, FabricShard& fabric);
  ~Tails();

  /// The Tails of all shards, in shard order. Call before the shards run.
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

/// The client's end of a tail. Lives in the task that writes to the client.
class TailReader {
 public:
  /// Asks the channel's shard to open a source.
  TailReader(Tails& tails, std::uint32_t owner, TailRequest request);
  TailReader(const TailReader&) = delete;
  TailReader& operator=(const TailReader&) = delete;
  /// Ends the source.
  ~TailReader();

  /// Set when a batch has come. The caller may also have it set when the client goes.
  Event& ready() { return ready_; }
  bool has_batch() const { return !batches_.empty(); }
  TailBatch take_batch();
  /// The batch taken last has been written: returns its credit.
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
