#include "logplex/channel/subscription.hpp"

#include <algorithm>
#include <bit>

#include "logplex/channel/fabric.hpp"

namespace sluice {

struct Subscription::Lead {
  const Subscription& leader;
  std::uint64_t taken;
  std::uint64_t taken_bytes;
  std::uint64_t lost_lines;
  std::uint64_t lost_bytes;
  Losses lost;
};

Subscription::Subscription(FabricShard& fabric, Retention retention)
    : fabric_(fabric), log_(fabric.log_), retention_(retention) {}

Subscription::~Subscription() { detach(); }

result<void> Subscription::attach(ChannelSlot channel) {
  SLUICE_CHECK(mode_ == Mode::kDetached);
  SLUICE_TRY(ChannelLog * found, fabric_.find(channel));
  mode_ = Mode::kChannel;
  channel_ = found;
  place_ = found->end_place();
  next_ = found->readers;
  prev_ = nullptr;
  if (next_ != nullptr) next_->prev_ = this;
  found->readers = this;
  begin_counting(found->next);
  told_ = true;
  listen();
  return {};
}

result<void> Subscription::attach_all() {
  SLUICE_CHECK(mode_ == Mode::kDetached);
  const auto free = static_cast<unsigned>(std::countr_one(log_.reserved_));
  if (free >= ShardLog::kGlobalReaders) return make_error_code(FabricError::kTooManyGlobal);
  mode_ = Mode::kAll;
  global_ = static_cast<std::uint8_t>(free);
  log_.reserved_ |= bit();
  log_.places_.reserve(free);
  log_.global_[free] = this;
  log_.globals_ |= bit();
  begin_counting(0);
  told_ = true;
  listen();
  return {};
}

void Subscription::detach() {
  if (mode_ == Mode::kAll || mode_ == Mode::kFollowing) keep_since(kNothing);
  kept_since_ = kNothing;
  if (mode_ == Mode::kChannel) detach_channel();
  if (mode_ == Mode::kAll || mode_ == Mode::kFollowing) detach_all();
  closed_ = false;
  log_.forget(*this);
}

void Subscription::detach_channel() {
  ChannelLog& channel = *channel_;
  if (prev_ == nullptr)
    channel.readers = next_;
  else
    prev_->next_ = next_;
  if (next_ != nullptr) next_->prev_ = prev_;
  if (!told_) --channel.waiting;
  mode_ = Mode::kDetached;
  channel_ = nullptr;
  if (retention_ == Retention::kUntaken) log_.trim(channel);
}

void Subscription::detach_all() {
  if (mode_ == Mode::kAll) leave_globals();
  log_.reserved_ &= ~bit();
  lead_.reset();
  mode_ = Mode::kDetached;
}

void Subscription::leave_globals() {
  log_.globals_ &= ~bit();
  log_.listening_ &= ~bit();
  log_.global_[global_] = nullptr;
  forget_news();
}

void Subscription::forget_news() {
  for (std::size_t i = 0; i < news_.size(); ++i) {
    ChannelLog& channel = log_.channel(news_.at(i));
    if (log_.drop_news(channel, global_)) log_.trim(channel);
  }
  news_.clear();
}

bool Subscription::follow(const Subscription& leader) {
  SLUICE_CHECK(mode_ == Mode::kAll && leader.mode_ == Mode::kAll && this != &leader);
  if (!at_rest() || !leader.at_rest()) return false;
  leave_globals();
  log_.forget(*this);
  mode_ = Mode::kFollowing;
  lead_.reset(
      new Lead{leader, leader.taken_, leader.taken_bytes_, leader.lost_lines_, leader.lost_bytes_, leader.lost_});
  return true;
}

void Subscription::part() {
  SLUICE_CHECK(mode_ == Mode::kFollowing);
  const Subscription& leader = lead_->leader;
  const Losses all_lost = lost();
  taken_ += leader.taken_ - lead_->taken;
  taken_bytes_ += leader.taken_bytes_ - lead_->taken_bytes;
  lost_lines_ += leader.lost_lines_ - lead_->lost_lines;
  lost_bytes_ += leader.lost_bytes_ - lead_->lost_bytes;
  lost_ = all_lost;
  unreported_ = leader.unreported_;
  told_lines_ = lost_lines_ - unreported_.total();
  lead_.reset();
  mode_ = Mode::kAll;
  log_.global_[global_] = this;
  log_.globals_ |= bit();
  copy_news(leader);
  progress_ = log_.shard().now();
  told_ = true;
  listen();
}

void Subscription::copy_news(const Subscription& leader) {
  for (std::size_t i = 0; i < leader.news_.size(); ++i) {
    ChannelLog& channel = log_.channel(leader.news_.at(i));
    news_.push(channel.index);
    channel.news |= bit();
    if ((channel.fresh >> leader.global_ & 1) != 0) {
      channel.fresh |= bit();
    } else {
      const Place place = log_.place_of(channel, leader.global_);
      log_.set_place(channel, global_, place);
    }
  }
}

void Subscription::begin_counting(Seq from_seq) {
  from_lines_ = mode_ == Mode::kAll ? log_.appended_lines() : from_seq;
  from_bytes_ = log_.appended_bytes();
  taken_ = taken_bytes_ = lost_lines_ = lost_bytes_ = told_lines_ = 0;
  lost_ = unreported_ = Losses{};
  progress_ = log_.shard().now();
}

void Subscription::listen() {
  if (due_ || !std::exchange(told_, false)) return;
  if (mode_ == Mode::kChannel) ++channel_->waiting;
  if (mode_ == Mode::kAll) log_.listening_ |= bit();
}

void Subscription::seek(Seq next, LossReason gone) {
  SLUICE_CHECK(mode_ == Mode::kChannel);
  const Seq from = std::clamp(next, channel_->start, channel_->next);
  const Seq held = std::max(from, channel_->first_held());
  begin_counting(from);
  lose(gone, held - from, *channel_, from, log_.shard().wall_now());
  place_ = find(*channel_, held);
}

void Subscription::offer_from(ChannelSlot slot, Seq next) {
  SLUICE_CHECK(mode_ == Mode::kAll);
  const auto found = fabric_.find(slot);
  if (!found || ((*found)->news & bit()) != 0) return;
  ChannelLog& channel = **found;
  const Seq from = std::clamp(next, channel.start, channel.next);
  const Seq held = std::max(from, channel.first_held());
  from_lines_ -= channel.next - from;
  lose(LossReason::kMemoryBudget, held - from, channel, from, log_.shard().wall_now());
  const Place place = find(channel, held);
  from_bytes_ -= channel.end_bytes - channel.bytes_before(place);
  if (place.next == channel.next) return;
  if (news_.empty()) progress_ = log_.shard().now();
  news_.push(channel.index);
  channel.news |= bit();
  log_.set_place(channel, global_, place);
}

/// A reader cannot stand inside a gap. If `seq` falls into one, the rest of the gap is lost at once.
Place Subscription::find(ChannelLog& channel, Seq seq) {
  if (seq == channel.next) return channel.end_place();
  Segment* segment = channel.oldest;
  while (segment->end <= seq) segment = segment->next;
  Place place{segment->first, segment, 0};
  while (place.next < seq) {
    const RecordView record(segment->payload() + place.offset);
    place.offset += static_cast<std::uint32_t>(record.size());
    place.next += record.lines();
    if (place.next > seq) lose(record.gap_reason(), place.next - seq, channel, seq, record.received());
  }
  return place;
}

void Subscription::lose(LossReason reason, std::uint64_t lines, const ChannelLog& channel, Seq first, WallTime when) {
  lost_lines_ += lines;
  lost_.add(reason, lines, channel.slot, first, when);
  unreported_.add(reason, lines, channel.slot, first, when);
}

void Subscription::leave(const ChannelLog& channel, Place& place, const Segment& gone, LossReason reason) {
  const bool before = place.segment == nullptr && place.next < gone.end;
  if (place.segment != &gone && !before) return;
  std::uint32_t offset = place.segment == nullptr ? 0 : place.offset;
  lost_bytes_ += gone.used - offset;
  const WallTime now = log_.shard().wall_now();
  if (!gone.has_gap) {
    lose(reason, gone.end - place.next, channel, place.next, now);
  } else {
    Seq seq = place.next;
    while (offset < gone.used) {
      const RecordView record(gone.payload() + offset);
      lose(record.is_gap() ? record.gap_reason() : reason, record.lines(), channel, seq, now);
      offset += static_cast<std::uint32_t>(record.size());
      seq += record.lines();
    }
  }
  place = {gone.end, gone.next, 0};
}

std::uint64_t Subscription::taken() const {
  return lead_ == nullptr ? taken_ : taken_ + lead_->leader.taken_ - lead_->taken;
}

std::uint64_t Subscription::lost_lines() const {
  return lead_ == nullptr ? lost_lines_ : lost_lines_ + lead_->leader.lost_lines_ - lead_->lost_lines;
}

Losses Subscription::lost() const {
  if (lead_ == nullptr || lead_->leader.lost_lines_ == lead_->lost_lines) return lost_;
  const Losses& theirs = lead_->leader.lost_;
  Losses all = lost_.empty() ? theirs : lost_;
  for (std::size_t i = 0; i < Losses::kReasons; ++i)
    all.by_reason[i] = lost_.by_reason[i] + theirs.by_reason[i] - lead_->lost.by_reason[i];
  return all;
}

std::uint64_t Subscription::offered() const { return taken() + lost_lines() + pending_lines(); }

std::uint64_t Subscription::pending_lines() const {
  if (mode_ == Mode::kChannel) return channel_->next - place_.next;
  if (mode_ == Mode::kAll) return log_.appended_lines() - from_lines_ - taken_ - lost_lines_;
  if (mode_ == Mode::kFollowing) return lead_->leader.pending_lines();
  return 0;
}

std::uint64_t Subscription::pending_bytes() const {
  if (mode_ == Mode::kChannel) return channel_->end_bytes - channel_->bytes_before(place_);
  if (mode_ == Mode::kAll) return log_.appended_bytes() - from_bytes_ - taken_bytes_ - lost_bytes_;
  if (mode_ == Mode::kFollowing) return lead_->leader.pending_bytes();
  return 0;
}

namespace {

/// How many channels to search for a global reader's oldest line. The queue has the channels that waited longest first.
constexpr std::size_t kChannelsForOldest = 256;

/// When the first record at or after this place was received.
std::optional<WallTime> received_at(const ChannelLog& channel, const Place& place) {
  const Segment* segment = place.segment == nullptr ? channel.oldest : place.segment;
  std::uint32_t offset = place.segment == nullptr ? 0 : place.offset;
  while (segment != nullptr && offset >= segment->used) {
    segment = segment->next;
    offset = 0;
  }
  if (segment == nullptr) return std::nullopt;
  return RecordView(segment->payload() + offset).received();
}

}  // namespace

std::optional<WallTime> Subscription::oldest_pending() const {
  if (mode_ == Mode::kChannel) return received_at(*channel_, place_);
  if (mode_ == Mode::kFollowing) return lead_->leader.oldest_pending();
  std::optional<WallTime> oldest;
  for (std::size_t i = 0; i < std::min(news_.size(), kChannelsForOldest); ++i) {
    const ChannelLog& channel = log_.channel(news_.at(i));
    const auto received = received_at(channel, log_.place_of(channel, global_));
    if (received && (!oldest || *received < *oldest)) oldest = received;
  }
  return oldest;
}

void Subscription::keep_since(WallTime since) {
  if (mode_ == Mode::kDetached || since == kept_since_) return;
  const bool later = since > std::exchange(kept_since_, since);
  if (mode_ != Mode::kChannel)
    log_.keep_for_global(global_, since);
  else if (later && retention_ == Retention::kUntaken)
    log_.trim(*channel_);
}

std::vector<Untaken> Subscription::untaken() const {
  std::vector<Untaken> all;
  if (mode_ == Mode::kChannel && place_.next < channel_->next)
    all.push_back({channel_->slot, place_.next, channel_->next});
  for (std::size_t i = 0; i < news_.size(); ++i) {
    const ChannelLog& channel = log_.channel(news_.at(i));
    all.push_back({channel.slot, log_.place_of(channel, global_).next, channel.next});
  }
  return all;
}

Seq Subscription::position() const {
  SLUICE_CHECK(mode_ == Mode::kChannel);
  return place_.next;
}

Seq Subscription::end() const {
  SLUICE_CHECK(mode_ == Mode::kChannel);
  return channel_->next;
}

Cursor Subscription::cursor() const { return {fabric_.identity().log_id, position()}; }

}  // namespace sluice
