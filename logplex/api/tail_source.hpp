#pragma once

#include <cstdint>
#include <string>

#include "logplex/api/tails.hpp"
#include "logplex/channel/reader.hpp"

namespace sluice {

/// One reader's cursor in its channel, on the channel's shard: finds where to begin, renders what matches, sends it.
/// Owned by Tails. Keeps no lines: those that are given up before it took them become a gap.
class TailSource final : public Subscription, private LineVisitor {
 public:
  TailSource(Tails& tails, Tails::Key reader, TailRequest request, FabricShard& fabric);

  /// Begins: the first batch goes out at once, also when it is empty.
  void start();
  /// One more batch may be sent.
  void grant();
  /// Sends what there is, as far as the credit goes.
  void produce();

 private:
  void on_news() override { produce(); }
  void on_closed() override;
  bool on_line(ChannelSlot channel, Seq seq, const RecordView& line) override;
  void on_loss(const Losses& losses) override;

  void begin_by_num();
  void begin_by_cursor();
  void begin_anew(std::string_view reason);
  std::string cursor_text(Seq next) const;
  void send(bool last);

  Tails& tails_;
  const Tails::Key reader_;
  const TailRequest request_;
  const LineMatcher matcher_;
  const LogIdentity identity_;
  Seq stop_ = ~Seq{0};  // lines from here on are not wanted
  std::uint64_t matched_ = 0;
  std::string out_;
  unsigned credit_ = Tails::kCredit;
  bool started_ = false;
  bool done_ = false;   // nothing more is to be read
  bool ended_ = false;  // the last batch has gone
};

}  // namespace sluice
