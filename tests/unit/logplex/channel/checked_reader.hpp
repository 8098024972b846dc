#pragma once

#include <map>
#include <string>
#include <utility>

#include "tests/unit/logplex/channel/fabric_fixture.hpp"

namespace sluice {

/// What every number of one shard's channels stood for, as the first reader that saw it said.
class Truth {
 public:
  /// False when another reader saw other bytes under this number.
  bool same(ChannelSlot channel, Seq seq, std::string_view text) {
    const auto [known, fresh] = lines_.try_emplace({channel.value, seq}, text);
    return fresh || known->second == text;
  }
  /// Lines carry "sender:count": in a channel each sender's counts must rise with the numbers.
  void expect_senders_in_order() const {
    std::map<std::pair<std::uint32_t, std::string>, std::uint64_t> last;
    for (const auto& [key, text] : lines_) {
      const auto colon = text.find(':');
      auto& before = last[{key.first, text.substr(0, colon)}];
      const auto count = std::stoull(text.substr(colon + 1));
      ASSERT_GT(count, before) << "channel " << key.first << " seq " << key.second;
      before = count;
    }
  }

 private:
  std::map<std::pair<std::uint32_t, Seq>, std::string> lines_;
};

/// A reader that checks everything it is given: numbers rise, holes are counted as lost, bytes are what others saw.
class CheckedReader final : public Subscription, public LineVisitor {
 public:
  CheckedReader(FabricShard& fabric, Retention retention, Truth& truth)
      : Subscription(fabric, retention), fabric_(fabric), truth_(truth) {}

  void begin(ChannelSlot channel) {
    ASSERT_TRUE(attach(channel));
    global_ = false;
    channel_ = channel;
    restart(position());
  }
  void begin_all() {
    ASSERT_TRUE(attach_all());
    global_ = true;
    appended_before_ = fabric_.gauges().lines_appended;
    restart(0);
  }
  void jump(Seq to) {
    seek(to);
    restart(position() - lost().total());
  }
  void take_some(std::uint64_t stop_after, TakeBound bound) {
    stop_after_ = stop_after;
    const std::uint64_t before = seen_;
    const std::uint64_t took = take(*this, bound);
    ASSERT_EQ(seen_ - before, took);
    ASSERT_LE(took, bound.lines);
    ASSERT_EQ(told_, lost().total()) << "everything lost so far was told";
    check();
  }
  /// At every moment.
  void check() const {
    ASSERT_EQ(offered(), taken() + lost().total() + pending_lines());
    ASSERT_EQ(taken(), seen_);
    if (!attached()) return;
    ASSERT_EQ(pending_lines() == 0, pending_bytes() == 0);
    ASSERT_EQ(oldest_pending().has_value(), pending_lines() != 0);
    if (global_)
      ASSERT_EQ(offered(), fabric_.gauges().lines_appended - appended_before_);
    else
      ASSERT_EQ(offered(), end() - from_);
  }
  /// When everything was taken.
  void check_all_taken() {
    take_some(~std::uint64_t{0}, {});
    if (!attached()) return;
    ASSERT_EQ(pending_lines(), 0u);
    if (!global_) {
      ASSERT_EQ(holes_ + end() - next_[channel_.value], lost().total());
    } else {
      ASSERT_LE(holes_, lost().total());
    }
  }
  bool global() const { return global_; }
  std::uint64_t news = 0;

 private:
  void restart(Seq from) {
    from_ = from;
    next_.clear();
    if (!global_) next_[channel_.value] = from;
    holes_ = told_ = seen_ = 0;
  }
  bool on_line(ChannelSlot channel, Seq seq, const RecordView& line) override {
    if (stop_after_ == 0) return false;
    --stop_after_;
    EXPECT_TRUE(truth_.same(channel, seq, line.text()));
    const auto [next, first] = next_.try_emplace(channel.value, seq);
    EXPECT_GE(seq, next->second) << "never again, never backwards";
    holes_ += seq - next->second;
    next->second = seq + 1;
    if (global_) {
      EXPECT_LE(holes_, told_);
    } else {
      EXPECT_EQ(holes_, told_) << "a loss is told before the line behind it";
    }
    ++seen_;
    return true;
  }
  void on_loss(const Losses& losses) override {
    EXPECT_FALSE(losses.empty());
    if (!global_) {
      EXPECT_EQ(losses.first_seq, next_[channel_.value] + told_ - holes_) << "where the hole begins";
    }
    told_ += losses.total();
  }
  void on_news() override {
    EXPECT_TRUE(has_pending());
    ++news;
  }

  FabricShard& fabric_;
  Truth& truth_;
  bool global_ = false;
  ChannelSlot channel_;
  std::uint64_t appended_before_ = 0;
  Seq from_ = 0;
  std::map<std::uint32_t, Seq> next_;
  std::uint64_t holes_ = 0;
  std::uint64_t told_ = 0;
  std::uint64_t seen_ = 0;
  std::uint64_t stop_after_ = 0;
};

}  // namespace sluice
