#include <utility>

#include "drains/delivery/drain_runner.hpp"

// How a drain shares frames with others that render alike, and encodes frames again after a change of format or a
// shortage of memory.

namespace sluice::drains {
namespace {

/// Part numbers for the ids of a notice that precedes a frame, and of a frame that lost its notices; the halves of a
/// split frame have 1 and 2.
constexpr std::uint64_t kNoticeBefore = 0;
constexpr std::uint64_t kWithoutNotices = 3;

}  // namespace

bool DrainRunner::may_share() const {
  return ring_ != nullptr && attached() && !following() && !has_pending() && !drain_.paused && !flushing_ &&
         !changed_ && !skip_asked_ && health_ != Health::kDisabled;
}

void DrainRunner::join_ring() {
  if (!may_share() || !ring_->join(*this)) return;
  ring_filtered_ = ring_->filtered();
  flush_due_ = false;
  flush_time_.disarm();
}

void DrainRunner::leave_ring() {
  if (!following()) return;
  ring_->leave(*this);
  on_fallen_out();
}

void DrainRunner::on_fallen_out() {
  filtered_ += ring_->filtered() - ring_filtered_;
  flush_due_ = true;
  wake_.set();
}

void DrainRunner::on_frame(const FrameRing::Shared& shared) {
  Frame frame;
  frame.shared = shared.body;
  frame.lines = shared.lines;
  frame.oldest = shared.oldest;
  if (transport_->tells_ids()) set_id(frame, log_id_, drain_.id);
  if (unreported_ > 0) {
    Frame notice;
    append_notice(notice);
    if (transport_->tells_ids()) set_part_id(notice, frame, kNoticeBefore);
    keep(std::move(notice));
  }
  keep(std::move(frame));
  if (!send_at_once()) wake_.set();
}

void DrainRunner::on_ring_loss(std::uint64_t lines, WallTime since) { report_later(lines, since); }

/// Sends a frame without a task switch, while the bytes just rendered are still in the cache. True if the task has
/// nothing left to do.
bool DrainRunner::send_at_once() {
  if (!waiting_ || wake_.is_set() || !may_send()) return false;
  if (sent_ > 0) {
    if (const std::size_t frames = transport_->take_confirmed(); frames > 0) on_delivered(frames);
    if (transport_->broken()) return false;
  }
  const bool was_idle = sent_ == 0;
  const SteadyTime before = environment_.shard.clock().steady();
  while (sent_ < frames_.size() && may_send()) {
    if (frames_[sent_].folded_bytes > 0 || !transport_->send_now(frames_[sent_])) return false;
    ++sent_;
    note_progress();
  }
  latency_ = environment_.shard.clock().steady() - before;
  // A task that was idle still sleeps for a long time: wake it, so that it polls for confirmations.
  return sent_ == frames_.size() && !was_idle;
}

void DrainRunner::note_progress() {
  progress_at_ = shard().now();
  if (following()) ring_->on_progress();
}

/// The connection may already have a part of a frame under way, so the caller leaves those out.
void DrainRunner::fold_frames_from(std::size_t first) {
  for (std::size_t at = first; at < frames_.size(); ++at) {
    Frame& frame = frames_[at];
    if (frame.folded_bytes > 0) continue;
    drop_memory_of(frame);
    report_later(frame.reported, frame.reported_since);
    frame.fold();
    memory_.bodies.charge(static_cast<std::int64_t>(frame.memory()));
  }
}

/// Encodes lines again that were gathered before, in another format.
class DrainRunner::Rewriter final : public LineVisitor {
 public:
  Rewriter(const Encoder& encoder, Frame& frame) : encoder_(encoder), frame_(frame) {}
  virtual ~Rewriter() = default;

  bool on_line(ChannelSlot channel, Seq seq, const RecordView& line) override {
    if (encoder_.tells_ways()) frame_.passed.add(frame_.messages(), line.passed());
    if (frame_.lines++ == 0 || line.received() < frame_.oldest) frame_.oldest = line.received();
    add_line(frame_.runs, channel, seq);
    encoder_.append_from(channel, seq, line, frame_.body);
    return true;
  }
  void on_loss(const Losses&) override {}

 private:
  const Encoder& encoder_;
  Frame& frame_;
};

/// Replaces the frames one by one, so that the counts stay right meanwhile. Nothing is sent before the last one is
/// done.
Task<void> DrainRunner::write_frames_again() {
  for (std::size_t at = 0; at < frames_.size();) {
    if (!work_.may_go_on()) {
      const bool given = co_await work_.share();
      if (!given) co_return;
    }
    // Frames at the end may have been dropped meanwhile.
    if (at >= frames_.size()) break;
    work_.spend(kWorkPerLine * 8 * frames_[at].lines + 4 * work_of_bytes(frames_[at].bytes().size()));
    const std::size_t before = frames_.size();
    if (frames_[at].folded_bytes == 0) write_again(at);
    if (frames_.size() == before) ++at;
  }
  keep_records();
}

/// Replaces a frame by one with the same lines. Removes it when memory holds none of them any more.
void DrainRunner::write_again(std::size_t at) {
  Frame again = written_again(frames_[at]);
  drop_memory_of(frames_[at]);
  if (again.lines == 0) {
    frames_.erase(frames_.begin() + static_cast<std::ptrdiff_t>(at));
    return;
  }
  memory_.bodies.charge(static_cast<std::int64_t>(again.memory()));
  frames_[at] = std::move(again);
}

/// Lines that memory no longer holds are lost. What the L10 lines of the frame reported is reported again later.
Frame DrainRunner::written_again(const Frame& frame) {
  report_later(frame.reported, frame.reported_since);
  Frame again;
  again.missing_before = frame.missing_before;
  again.body = memory_.bodies.take();
  Rewriter writer(*encoder_, again);
  for (const Run& run : frame.lines_in_it())
    visit_again(ChannelSlot{static_cast<std::uint32_t>(run.channel)}, run.first, run.last, writer);
  const std::uint64_t gone = frame.lines - again.lines;
  (frame.folded_bytes > 0 ? given_up_ : forgotten_) += gone;
  report_later(gone, shard().wall_now());
  if (transport_->tells_ids()) set_id_again(again, frame);
  return again;
}

/// The receiver may know parts of the old frame by its id: the id stays only if all messages do.
void DrainRunner::set_id_again(Frame& again, const Frame& frame) {
  const bool has_id = frame.id[0] != 0;
  const bool is_same = again.lines == frame.lines;
  if (!has_id || !is_same)
    set_id(again, log_id_, drain_.id);
  else if (frame.notices.empty())
    again.id = frame.id;
  else
    set_part_id(again, frame, kWithoutNotices);
}

}  // namespace sluice::drains
