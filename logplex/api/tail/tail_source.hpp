#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "logplex/api/tail/tail_search.hpp"
#include "logplex/api/tail/tails.hpp"
#include "logplex/channel/channel_reader.hpp"
#include "logplex/runtime/turn_work.hpp"

namespace sluice::api {

/// One reader's cursor in its channel, on the channel's shard: it finds where to begin, renders the matching lines and
/// sends them. Owned by Tails. It retains no lines: lines that the channel drops before the source has taken them
/// become a gap.
///
///     searching ──> streaming ──> ended        each in shares of a turn's work: see TurnWork
///
/// When its reader has no line ready, it sends what it has and waits for on_ready().
///
class TailSource final : private ChannelReader::Observer, private LineVisitor, private TurnWorker {
 public:
  TailSource(Tails& tails, Tails::Key reader, TailRequest request, FabricShard& fabric);
  ~TailSource() override = default;

  /// Begins. Sends the first batch as soon as the search has ended, even if it is empty.
  void start();
  /// The reader returned the credit for one batch.
  void grant();

 private:
  void on_ready() override { go_on(); }
  void on_closed() override;
  bool on_line(ChannelSlot channel, Seq seq, const RecordView& line) override;
  void on_loss(const Losses& losses) override;
  void on_share(Work share) override;

  void begin();
  void begin_by_cursor();
  void put_gap(std::uint64_t lines, std::string_view reason, Seq next);
  void channel_is_gone();
  void begin_anew(std::string_view reason);
  void go_on();
  void search();
  void produce();
  bool has_share() const { return cost_.work < share_; }
  std::string cursor_text(Seq next) const;
  void send(bool last);

  Tails& tails_;
  TurnWork& turn_;
  const std::unique_ptr<ChannelReader> lines_;
  const Tails::Key reader_;
  const TailRequest request_;
  std::optional<LineMatcher> matcher_;  // compiled in the first share of work
  const LogIdentity identity_;
  std::optional<TailSearch> search_;
  std::string_view anew_;  // why it begins anew; empty = it does not begin anew
  Seq stop_ = ~Seq{0};     // the reader does not want lines from here on
  std::uint64_t matched_ = 0;
  std::string out_;
  unsigned credit_ = Tails::kCredit;
  Work share_ = 0;          // work allowed in this call
  LineMatcher::Cost cost_;  // work done in this call
  bool full_ = false;       // the batch has no room for the next line
  bool started_ = false;
  bool done_ = false;   // nothing more to read
  bool ended_ = false;  // the last batch was sent
};

}  // namespace sluice::api
