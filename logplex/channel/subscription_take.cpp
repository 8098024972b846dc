#include <algorithm>

#include "logplex/channel/fabric.hpp"
#include "logplex/channel/subscription.hpp"

namespace sluice {
namespace {

/// A global reader goes on to the next channel after so many bytes of one, so that a busy channel cannot starve others.
constexpr std::uint64_t kBytesPerVisit = 256 << 10;

}  // namespace

/// One call of take().
struct Subscription::Walk {
  LineVisitor& visitor;
  TakeBound left;
  std::uint64_t lines = 0;
  std::uint64_t visit_bytes = 0;  // of the current channel

  bool allows(std::size_t bytes) const { return left.lines != 0 && (bytes <= left.bytes || lines == 0); }
  void count(std::size_t bytes) {
    ++lines;
    --left.lines;
    left.bytes -= std::min<std::uint64_t>(left.bytes, bytes);
    visit_bytes += bytes;
  }
};

std::uint64_t Subscription::take(LineVisitor& visitor, TakeBound bound) {
  Walk walk{visitor, bound};
  if (mode_ == Mode::kChannel) take_channel(walk);
  if (mode_ == Mode::kAll) take_all(walk);
  tell_losses(visitor);
  visiting_ = nullptr;
  if (walk.lines != 0) progress_ = log_.shard().now();
  listen();
  return walk.lines;
}

void Subscription::take_channel(Walk& step) {
  while (walk(*channel_, place_, step) == WalkEnd::kEnough) step.visit_bytes = 0;
  if (retention_ == Retention::kUntaken) log_.trim(*channel_);
}

void Subscription::take_all(Walk& step) {
  while (!news_.empty()) {
    ChannelLog& channel = log_.channel(news_.front());
    step.visit_bytes = 0;
    Place place = log_.place_of(channel, global_);
    const WalkEnd end = walk(channel, place, step);
    bool still_there = true;
    if (end == WalkEnd::kNothingLeft)
      still_there = log_.drop_news(channel, global_);
    else
      log_.set_place(channel, global_, place);
    if (end != WalkEnd::kStopped) news_.pop();
    if (end == WalkEnd::kEnough) news_.push(channel.index);
    if (still_there && retention_ == Retention::kUntaken) log_.trim(channel);
    if (end == WalkEnd::kStopped) return;
  }
}

Subscription::WalkEnd Subscription::walk(ChannelLog& channel, Place& place, Walk& step) {
  if (place.segment == nullptr) place = {place.next, channel.oldest, 0};
  while (place.segment != nullptr) {
    visiting_ = place.segment;
    const WalkEnd end = walk_segment(channel, place, step);
    if (end == WalkEnd::kStopped) return end;
    if (place.segment->next == nullptr) return WalkEnd::kNothingLeft;
    place = {place.next, place.segment->next, 0};
    // Take a closed channel to its end first: a new channel of the same name may be next in the queue.
    if (step.visit_bytes >= kBytesPerVisit && channel.open) return WalkEnd::kEnough;
  }
  return WalkEnd::kNothingLeft;
}

Subscription::WalkEnd Subscription::walk_segment(ChannelLog& channel, Place& place, Walk& step) {
  const Segment& segment = *place.segment;
  while (place.offset < segment.used) {
    const RecordView record(segment.payload() + place.offset);
    if (record.is_gap()) {
      pass_gap(channel, place, record);
      continue;
    }
    if (told_lines_ != lost_lines_) tell_losses(step.visitor);
    if (!step.allows(record.size()) || !step.visitor.on_line(channel.slot, place.next, record))
      return WalkEnd::kStopped;
    place.offset += static_cast<std::uint32_t>(record.size());
    ++place.next;
    ++taken_;
    taken_bytes_ += record.size();
    step.count(record.size());
  }
  return WalkEnd::kNothingLeft;
}

void Subscription::pass_gap(const ChannelLog& channel, Place& place, const RecordView& gap) {
  lose(gap.gap_reason(), gap.lines(), channel, place.next, gap.received());
  lost_bytes_ += gap.size();
  place.offset += static_cast<std::uint32_t>(gap.size());
  place.next += gap.lines();
}

void Subscription::tell_losses(LineVisitor& visitor) {
  if (told_lines_ == lost_lines_) return;
  told_lines_ = lost_lines_;
  const Losses losses = std::exchange(unreported_, Losses{});
  visitor.on_loss(losses);
}

std::uint64_t Subscription::visit_again(ChannelSlot slot, Seq first, Seq last, LineVisitor& visitor) const {
  const auto channel = fabric_.find(slot);
  if (!channel) return 0;
  std::uint64_t visited = 0;
  for (const Segment* segment = (*channel)->oldest; segment != nullptr && segment->first <= last;
       segment = segment->next) {
    if (segment->end <= first) continue;
    Seq seq = segment->first;
    for (std::uint32_t offset = 0; offset < segment->used && seq <= last;) {
      const RecordView record(segment->payload() + offset);
      if (seq >= first && !record.is_gap() && visitor.on_line(slot, seq, record)) ++visited;
      offset += static_cast<std::uint32_t>(record.size());
      seq += record.lines();
    }
  }
  return visited;
}

SegmentRef Subscription::hold() const {
  SLUICE_CHECK(visiting_ != nullptr);
  return {log_.pool_, *visiting_};
}

Seq Subscription::history_start() const {
  SLUICE_CHECK(mode_ == Mode::kChannel);
  return log_.history_start(*channel_);
}

}  // namespace sluice
