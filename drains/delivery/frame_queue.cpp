#include "drains/delivery/frame_queue.hpp"

#include <algorithm>
#include <utility>

namespace sluice::drains {
namespace {

std::deque<Frame>::iterator at(std::deque<Frame>& frames, std::size_t place) {
  return frames.begin() + static_cast<std::ptrdiff_t>(place);
}

/// Writes the lines of a frame once more.
class Rewriter final : public LineVisitor {
 public:
  Rewriter(const FrameWriter& writer, Frame& frame) : writer_(writer), frame_(frame) {}
  virtual ~Rewriter() = default;

  bool on_line(ChannelSlot channel, Seq seq, const RecordView& line) override {
    writer_.append(frame_, channel, seq, line);
    return true;
  }
  void on_loss(const Losses&) override {}

 private:
  const FrameWriter& writer_;
  Frame& frame_;
};

}  // namespace

FrameQueue::~FrameQueue() {
  while (!frames_.empty()) pop_front();
  charge_copies(0);
}

Frame FrameQueue::begin_frame() {
  Frame frame;
  frame.body = bodies_.take();
  return frame;
}

void FrameQueue::add(Frame frame) {
  if (frames_.empty()) progress_at_ = shard().now();
  charge(frame);
  frames_.push_back(std::move(frame));
  keep_lines();
}

void FrameQueue::note_progress() {
  progress_at_ = shard().now();
  progressed_ = true;
}

void FrameQueue::note_sent() {
  ++sent_;
  note_progress();
}

void FrameQueue::confirm(std::size_t frames) {
  for (std::size_t i = 0; i < frames && !frames_.empty(); ++i) {
    account_.deliver(frames_.front());
    pop_front();
    sent_ -= std::min<std::size_t>(sent_, 1);
  }
  keep_lines();
  note_progress();
}

void FrameQueue::reject_next() {
  account_.reject(next(), shard().wall_now());
  discharge(next());
  frames_.erase(at(frames_, sent_));
  keep_lines();
}

bool FrameQueue::split_next() {
  auto halves = writer_.split(next());
  if (!halves) return false;
  discharge(next());
  charge(halves->first);
  charge(halves->second);
  frames_[sent_] = std::move(halves->first);
  frames_.insert(at(frames_, sent_ + 1), std::move(halves->second));
  return true;
}

std::uint64_t FrameQueue::clear() {
  std::uint64_t lines = 0;
  for (; !frames_.empty(); pop_front()) lines += frames_.front().lines;
  sent_ = 0;
  keep_lines();
  return lines;
}

void FrameQueue::pop_front() {
  discharge(frames_.front());
  if (!frames_.front().body.empty()) bodies_.give_back(std::move(frames_.front().body));
  frames_.pop_front();
}

void FrameQueue::keep_lines() {
  WallTime since = Subscription::kNothing;
  for (const Frame& frame : frames_)
    if (frame.lines > 0) since = std::min(since, frame.oldest);
  lines_.keep_since(since);
}

void FrameQueue::fold(std::size_t first) {
  for (; first < frames_.size(); ++first) {
    Frame& frame = frames_[first];
    if (frame.folded_bytes > 0) continue;
    discharge(frame);
    account_.report_later(frame.reported, frame.reported_since);
    frame.fold();
    charge(frame);
  }
}

void FrameQueue::write_next_again() {
  write_again(sent_);
  keep_lines();
}

/// Replaces the frames one by one, so that the counts stay right meanwhile.
Task<void> FrameQueue::write_all_again(TaskWork& work) {
  for (std::size_t place = 0; place < frames_.size();) {
    if (!work.may_go_on()) {
      const bool given = co_await work.share();
      if (!given) co_return;
    }
    // Frames at the end may have been dropped meanwhile.
    if (place >= frames_.size()) break;
    const Frame& frame = frames_[place];
    work.spend(kWorkPerLine * 8 * frame.lines + 4 * work_of_bytes(frame.bytes().size()));
    const std::size_t before = frames_.size();
    if (frame.folded_bytes == 0) write_again(place);
    if (frames_.size() == before) ++place;
  }
  keep_lines();
}

/// Replaces a frame by one with the same lines. Removes it when memory holds none of them any more.
void FrameQueue::write_again(std::size_t place) {
  Frame again = written_again(frames_[place]);
  discharge(frames_[place]);
  if (again.lines == 0) {
    frames_.erase(at(frames_, place));
  } else {
    charge(again);
    frames_[place] = std::move(again);
  }
}

/// Lines that memory no longer holds are lost. What the L10 lines of the frame reported is reported again later.
Frame FrameQueue::written_again(const Frame& frame) {
  account_.report_later(frame.reported, frame.reported_since);
  Frame again = begin_frame();
  again.missing_before = frame.missing_before;
  Rewriter rewriter(writer_, again);
  for (const Run& run : frame.lines_in_it())
    lines_.visit_again(ChannelSlot{static_cast<std::uint32_t>(run.channel)}, run.first, run.last, rewriter);
  const std::uint64_t gone = frame.lines - again.lines;
  if (frame.folded_bytes > 0)
    account_.evict(gone, shard().wall_now());
  else
    account_.forget(gone, shard().wall_now());
  writer_.set_id_again(again, frame);
  return again;
}

bool FrameQueue::has_room(std::size_t arrived) const {
  if (bodies_.is_tight() && frames_.size() > arrived) return false;
  return (!bodies_.is_full() || frames_.empty()) && bodies_.has_room(account_.failing());
}

void FrameQueue::charge_copies(std::uint64_t held) {
  if (held == held_bytes_) return;
  bodies_.charge(static_cast<std::int64_t>(held) - static_cast<std::int64_t>(held_bytes_));
  held_bytes_ = held;
}

void FrameQueue::add_to(Ledger& ledger) const {
  for (std::size_t i = 0; i < frames_.size(); ++i) {
    const Frame& frame = frames_[i];
    ledger.pending_lines += frame.lines;
    ledger.pending_bytes += frame.bytes().size() + frame.folded_bytes;
    if (i < sent_) ledger.in_flight_lines += frame.lines;
  }
}

}  // namespace sluice::drains
