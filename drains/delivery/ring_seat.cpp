#include "drains/delivery/ring_seat.hpp"

#include <utility>

namespace sluice::drains {

RingSeat::~RingSeat() { choose(nullptr); }

void RingSeat::choose(std::shared_ptr<FrameRing> ring) {
  if (ring_ != nullptr) ring_->forget(*this);
  ring_ = std::move(ring);
}

void RingSeat::join() {
  const DrainCursor& cursor = parts_.cursor;
  if (ring_ == nullptr || !cursor.attached() || cursor.following() || cursor.has_pending()) return;
  if (!ring_->join(*this)) return;
  filtered_before_ = ring_->filtered();
  parts_.cursor.rest();
}

void RingSeat::leave() {
  if (!following()) return;
  ring_->leave(*this);
  on_fallen_out();
}

void RingSeat::on_fallen_out() {
  parts_.account.leave_out(filtered());
  parts_.cursor.hurry();
}

void RingSeat::on_frame(const FrameRing::Shared& shared) {
  Frame frame;
  frame.shared = shared.body;
  frame.lines = shared.lines;
  frame.oldest = shared.oldest;
  parts_.writer.set_frame_id(frame);
  // A shared body has no place for the losses of one drain.
  if (parts_.account.unreported().lines > 0) {
    Frame notice;
    parts_.writer.append_notice(notice, parts_.account.take_unreported(), shard().wall_now());
    parts_.writer.set_notice_id(notice, frame);
    parts_.frames.add(std::move(notice));
  }
  parts_.frames.add(std::move(frame));
  if (!owner_.send_at_once()) parts_.wake.set();
}

void RingSeat::on_progress() {
  if (following()) ring_->on_progress();
}

void RingSeat::flush() {
  if (following()) ring_->flush();
}

std::optional<WallTime> RingSeat::open_since() const {
  if (open_lines() == 0) return std::nullopt;
  return ring_->open().oldest;
}

void RingSeat::add_to(Ledger& ledger) const {
  if (!following()) return;
  ledger.filtered += filtered();
  ledger.pending_lines += open_lines();
  if (open_lines() > 0) ledger.pending_bytes += ring_->open().body->bytes.size();
}

}  // namespace sluice::drains
