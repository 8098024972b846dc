#include "drains/delivery/frame_writer.hpp"

#include "logplex/wire/notice.hpp"

namespace sluice::drains {
namespace {

/// Part numbers for the ids of a notice that precedes a frame, and of a frame that lost its notices; the halves of a
/// split frame have 1 and 2.
constexpr std::uint64_t kNoticeBefore = 0;
constexpr std::uint64_t kWithoutNotices = 3;

}  // namespace

void FrameWriter::use(std::unique_ptr<Encoder> encoder, bool tells_ids) {
  encoder_ = std::move(encoder);
  tells_ids_ = tells_ids;
}

void FrameWriter::append_notice(Frame& frame, const Unreported& losses, WallTime now) const {
  const OwnedRecord notice = l10_notice(losses.lines, losses.since, now);
  encoder_->append(notice.view(), frame.body);
  frame.notices.push_back(frame.messages());
  if (frame.reported == 0) frame.reported_since = losses.since;
  frame.reported += losses.lines;
}

std::optional<std::pair<Frame, Frame>> FrameWriter::split(const Frame& frame) const {
  auto halves = encoder_->split(frame);
  if (!halves) return halves;
  auto& [first, second] = *halves;
  Frame& telling = first.notices.empty() ? second : first;
  telling.reported = frame.reported;
  telling.reported_since = frame.reported_since;
  std::uint64_t part = 0;
  for (Frame* half : {&first, &second}) {
    half->oldest = frame.oldest;
    half->missing_before = frame.missing_before;
    set_part_id(*half, frame, ++part);
  }
  return halves;
}

void FrameWriter::set_frame_id(Frame& frame) const {
  if (tells_ids_) set_id(frame, fabric_, token_);
}

void FrameWriter::set_notice_id(Frame& notice, const Frame& frame) const {
  if (tells_ids_) set_part_id(notice, frame, kNoticeBefore);
}

/// The receiver may know parts of the old frame by its id: the id stays only if all messages do.
void FrameWriter::set_id_again(Frame& again, const Frame& frame) const {
  if (!tells_ids_) return;
  const bool has_id = frame.id[0] != 0;
  const bool is_same = again.lines == frame.lines;
  if (!has_id || !is_same)
    set_frame_id(again);
  else if (frame.notices.empty())
    again.id = frame.id;
  else
    set_part_id(again, frame, kWithoutNotices);
}

}  // namespace sluice::drains
