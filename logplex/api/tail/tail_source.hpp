#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "logplex/api/tail/tail_search.hpp"
#include "logplex/api/tail/tails.hpp"
#include "logplex/channel/subscription.hpp"
#include "logplex/runtime/turn_work.hpp"

namespace sluice::api {

/// One reader's cursor in its channel, on the channel's shard: finds where to begin, renders what matches, sends it.
/// Owned by Tails. Keeps no lines: those that are given up before it took them become a gap.
///
///     searching ──> streaming ──> ended        each in shares of a turn's work: see TurnWork
///
class TailSource final : public Subscription, private LineVisitor, private TurnWorker {
 public:
  TailSource(Tails& tails, Tails::Key reader, TailRequest request, FabricShard& fabric);

  /// Begins: the first batch goes out as soon as the search has ended, also when it is empty.
  void start();
  /// One more batch may be sent.
  void grant();

 private:
  void on_news() override { go_on(); }
  void on_closed() override;
  bool on_line(ChannelSlot channel, Seq seq, const RecordView& line) override;
  void on_loss(const Losses& losses) override;
  void on_share(Work share) override;

  void begin();
  void begin_by_cursor();
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
  const Tails::Key reader_;
  const TailRequest request_;
  std::optional<LineMatcher> matcher_;  // compiled with the first share
  const LogIdentity identity_;
  std::optional<TailSearch> search_;
  std::string_view anew_;  // why it begins anew; empty = it does not
  Seq stop_ = ~Seq{0};     // lines from here on are not wanted
  std::uint64_t matched_ = 0;
  std::string out_;
  unsigned credit_ = Tails::kCredit;
  Work share_ = 0;          // of the call at hand
  LineMatcher::Cost cost_;  // of it
  bool full_ = false;       // the batch has no room for the next line
  bool started_ = false;
  bool done_ = false;   // nothing more is to be read
  bool ended_ = false;  // the last batch has gone
};

}  // namespace sluice::api
