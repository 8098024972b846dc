#include <utility>

#include "drains/delivery/drain_runner.hpp"
#include "logplex/runtime/working_for.hpp"
#include "logplex/wire/notice.hpp"

// How a drain takes lines, into a frame or to drop them. If a line costs more than a copy, the work is done in shares
// of a turn.

namespace sluice::drains {
namespace {

/// Lines looked at in one go without a filter; of these, only lines for tails, which are few, stay out of the frame.
constexpr std::uint64_t kLinesAtOnce = 10'000;
/// The work of skipping a line and freeing its memory.
constexpr Work kWorkPerSkip = 60;

}  // namespace

/// Turns lines into the body of one frame.
class DrainRunner::Gatherer final : public LineVisitor {
 public:
  /// With a filter, it stops after `share` work; the lines gathered so far make a frame.
  Gatherer(DrainRunner& runner, Frame& frame, Work share) : runner_(runner), frame_(frame), share_(share) {}
  virtual ~Gatherer() = default;

  bool on_line(ChannelSlot channel, Seq seq, const RecordView& line) override {
    if (frame_.lines > 0 && frame_.body.size() >= runner_.target_bytes()) return false;
    if (runner_.filter_ && cost.work >= share_) return false;
    if (frame_.passed.full()) return false;
    if (line.tails_only() || (runner_.filter_ && !passes(line))) {
      ++runner_.filtered_;
      return true;
    }
    if (runner_.unreported_ > 0) runner_.append_notice(frame_);
    if (runner_.encoder_->tells_ways()) frame_.passed.add(frame_.messages(), line.passed());
    if (frame_.lines == 0) frame_.missing_before = runner_.missing_;
    if (frame_.lines++ == 0 || line.received() < frame_.oldest) frame_.oldest = line.received();
    add_line(frame_.runs, channel, seq);
    runner_.encoder_->append_from(channel, seq, line, frame_.body);
    return true;
  }
  void on_loss(const Losses& losses) override {
    runner_.missing_ += reportable(losses);
    runner_.report_later(reportable(losses), losses.since);
  }

  Filter::Tally cost;

 private:
  bool passes(const RecordView& line) {
    cost.work += kWorkPerLine;
    return runner_.filter_->matches(line, cost);
  }

  DrainRunner& runner_;
  Frame& frame_;
  const Work share_;
};

namespace {

/// Takes all lines without looking at them.
class Skipper final : public LineVisitor {
 public:
  virtual ~Skipper() = default;
  bool on_line(ChannelSlot, Seq, const RecordView&) override { return true; }
  void on_loss(const Losses&) override {}
};

}  // namespace

/// Only a drain with a filter waits for its share of work: it may look at many lines and let none pass.
bool DrainRunner::must_wait_for_share() const {
  return filter_ && sent_ == frames_.size() && batch_is_due() && !work_.may_go_on();
}

/// Makes one frame. False if the filter left out every line that was taken.
bool DrainRunner::gather() {
  const WorkingFor scope({Beneficiary::Kind::kDrain, static_cast<std::uint32_t>(drain_.id)});
  Frame frame;
  frame.body = memory_.bodies.take();
  Gatherer gatherer(*this, frame, work_.left());
  keep_since(WallTime::min());
  take(gatherer, {kLinesAtOnce});
  // A drain that only copies lines never waits for a share, so it spends none either.
  if (filter_) work_.spend(gatherer.cost.work + work_of_bytes(frame.body.size()));
  gave_up_ += gatherer.cost.gave_up;
  if (!has_pending()) flush_due_ = false;
  if (frame.lines == 0) keep_records();
  if (frame.lines == 0) return false;
  if (transport_->tells_ids()) set_id(frame, log_id_, drain_.id);
  keep(std::move(frame));
  return true;
}

void DrainRunner::append_notice(Frame& frame) {
  const OwnedRecord notice = l10_notice(unreported_, unreported_since_, shard().wall_now());
  encoder_->append(notice.view(), frame.body);
  frame.notices.push_back(frame.messages());
  if (frame.reported == 0) frame.reported_since = unreported_since_;
  frame.reported += unreported_;
  unreported_ = 0;
}

/// Drops the lines that are pending now. Lines that arrive meanwhile are delivered.
Task<void> DrainRunner::drop_pending() {
  skip_asked_ = false;
  if (transport_ != nullptr) transport_->close();
  leave_ring();
  skipped_ += lines_in_frames();
  clear_frames();
  sent_ = 0;
  const std::uint64_t until = offered();
  while (offered() - pending_lines() < until) {
    if (!work_.may_go_on()) {
      const bool given = co_await work_.share();
      if (!given) co_return;
    }
    const std::uint64_t left = until - std::min(until, offered() - pending_lines());
    Skipper skipper;
    const std::uint64_t lines = take(skipper, {std::min<std::uint64_t>(left, TurnWork::kSlice / kWorkPerSkip)});
    skipped_ += lines;
    work_.spend(lines * kWorkPerSkip + 1);
    if (lines == 0 && !has_pending()) break;
  }
}

}  // namespace sluice::drains
