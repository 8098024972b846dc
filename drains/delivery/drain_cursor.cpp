#include "drains/delivery/drain_cursor.hpp"

#include <utility>

#include "logplex/runtime/working_for.hpp"

namespace sluice::drains {
namespace {

/// Lines looked at in one go without a filter; of these, only lines for tails, which are few, stay out of the frame.
constexpr std::uint64_t kLinesAtOnce = 10'000;
/// The work of skipping a line and freeing its memory.
constexpr Work kWorkPerSkip = 60;

/// Takes all lines without looking at them.
class Skipper final : public LineVisitor {
 public:
  virtual ~Skipper() = default;
  bool on_line(ChannelSlot, Seq, const RecordView&) override { return true; }
  void on_loss(const Losses&) override {}
};

/// Turns lines into the body of one frame.
class Gatherer final : public LineVisitor {
 public:
  struct Bound {
    std::size_t bytes;
    Work work;  // with a filter only
  };

  Gatherer(Frame& frame, const FrameWriter& writer, const Filter* filter, DeliveryAccount& account, Bound bound,
           WallTime now)
      : frame_(frame), writer_(writer), filter_(filter), account_(account), bound_(bound), now_(now) {}
  virtual ~Gatherer() = default;

  bool on_line(ChannelSlot channel, Seq seq, const RecordView& line) override {
    if (frame_.lines > 0 && frame_.body.size() >= bound_.bytes) return false;
    if (filter_ != nullptr && cost.work >= bound_.work) return false;
    if (frame_.passed.full()) return false;
    if (line.tails_only() || (filter_ != nullptr && !passes(line))) {
      account_.leave_out(1);
      return true;
    }
    if (account_.unreported().lines > 0) writer_.append_notice(frame_, account_.take_unreported(), now_);
    if (frame_.lines == 0) frame_.missing_before = account_.missing();
    writer_.append(frame_, channel, seq, line);
    return true;
  }
  void on_loss(const Losses& losses) override { account_.miss(losses); }

  Filter::Tally cost;

 private:
  bool passes(const RecordView& line) {
    cost.work += kWorkPerLine;
    return filter_->matches(line, cost);
  }

  Frame& frame_;
  const FrameWriter& writer_;
  const Filter* const filter_;
  DeliveryAccount& account_;
  const Bound bound_;
  const WallTime now_;
};

}  // namespace

DrainCursor::DrainCursor(Shard& shard, FabricShard& fabric, Duration flush_window, const FrameWriter& writer,
                         DeliveryAccount& account, Event& wake)
    : Subscription(fabric, Retention::kUntaken),
      shard_(shard),
      flush_window_(flush_window),
      writer_(writer),
      account_(account),
      wake_(wake),
      flush_time_(shard.wheel(), *this) {}

DrainCursor::~DrainCursor() = default;

void DrainCursor::go_on(const DrainOwed& owed, bool global) {
  account_.report_later(owed.unreported, owed.unreported_since);
  for (const OwedPlace& place : owed.places) {
    if (global)
      offer_from(place.channel, place.next);
    else
      seek(place.next, LossReason::kMemoryBudget);
  }
  if (has_pending()) on_news();
}

void DrainCursor::on_news() {
  if (pending_bytes() >= writer_.target_bytes() || flushing_)
    hurry();
  else if (!flush_time_.armed())
    flush_time_.arm(flush_window_);
}

void DrainCursor::hurry() {
  due_ = true;
  wake_.set();
}

void DrainCursor::rest() {
  due_ = false;
  flush_time_.disarm();
}

bool DrainCursor::is_due() const {
  if (following() || !has_pending()) return false;
  return due_ || flushing_ || pending_bytes() >= writer_.target_bytes();
}

bool DrainCursor::gather(FrameQueue& frames, std::size_t target_bytes, TaskWork& work) {
  const WorkingFor scope({Beneficiary::Kind::kDrain, static_cast<std::uint32_t>(writer_.drain())});
  Frame frame = frames.begin_frame();
  Gatherer gatherer(frame, writer_, filter_ ? &*filter_ : nullptr, account_, {target_bytes, work.left()},
                    shard_.wall_now());
  keep_since(WallTime::min());
  take(gatherer, {kLinesAtOnce});
  // A drain that only copies lines never waits for a share, so it spends none either.
  if (filter_) work.spend(gatherer.cost.work + work_of_bytes(frame.body.size()));
  account_.give_up_on(gatherer.cost.gave_up);
  if (!has_pending()) due_ = false;
  if (frame.lines == 0) {
    frames.keep_lines();
    return false;
  }
  writer_.set_frame_id(frame);
  frames.add(std::move(frame));
  return true;
}

Task<void> DrainCursor::skip_pending(TaskWork& work) {
  const std::uint64_t until = offered();
  while (offered() - pending_lines() < until) {
    if (!work.may_go_on()) {
      const bool given = co_await work.share();
      if (!given) co_return;
    }
    const std::uint64_t left = until - std::min(until, offered() - pending_lines());
    Skipper skipper;
    const std::uint64_t lines = take(skipper, {std::min<std::uint64_t>(left, TurnWork::kSlice / kWorkPerSkip)});
    account_.skip(lines);
    work.spend(lines * kWorkPerSkip + 1);
    if (lines == 0 && !has_pending()) break;
  }
}

void DrainCursor::add_to(Ledger& ledger) const {
  ledger.offered += offered();
  const Losses losses = lost();
  for (std::size_t reason = 0; reason < losses.by_reason.size(); ++reason)
    ledger.dropped[reason] += losses.by_reason[reason];
  ledger.pending_lines += pending_lines();
  ledger.pending_bytes += pending_bytes();
}

}  // namespace sluice::drains
