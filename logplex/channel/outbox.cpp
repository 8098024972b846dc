#include "logplex/channel/outbox.hpp"

#include <algorithm>

#include "logplex/channel/fabric.hpp"

namespace sluice {
namespace {

/// A receiver keeps up while fewer batches than this, and fewer than a quarter of all, are on their way to it or back.
constexpr std::uint32_t kMostToKeepUp = 4;
/// Senders to a shard that does not keep up pause for a turn or two.
constexpr Duration kOutboxPause = std::chrono::milliseconds(1);
/// At most so many pressing channels are remembered. From LineBatch::kMostPressing on, all of the owner's channels
/// count as pressing.
constexpr std::size_t kMostPressingKnown = 256;

constexpr std::uint64_t refusal_key(ChannelSlot channel, LossReason reason) {
  return std::uint64_t{channel.value} << 8 | static_cast<std::uint8_t>(reason);
}

}  // namespace

Outbox::Outbox(Fabric& fabric, Shard& shard, ShardLog& log, TurnHook& turn_end, std::uint32_t most_under_way)
    : OnShard(shard),
      fabric_(fabric),
      log_(log),
      turn_end_(turn_end),
      most_under_way_(most_under_way),
      most_to_keep_up_(std::min(kMostToKeepUp, most_under_way / 4)),
      lanes_(fabric.runtime().size()),
      rounds_(1) {}

Outbox::~Outbox() = default;

void Outbox::append(std::uint32_t to, ChannelSlot channel, SenderId sender, const LineView& line) {
  shard().at_turn_end(turn_end_);
  if (std::byte* at = room(to, channel, sender, record_size(line)); at != nullptr) return encode_record(line, at);
  ++refused_;
  ++lanes_[to].refused[refusal_key(channel, LossReason::kMailboxFull)];
}

void Outbox::append_gap(std::uint32_t to, ChannelSlot channel, std::uint64_t lines, LossReason reason) {
  shard().at_turn_end(turn_end_);
  lanes_[to].refused[refusal_key(channel, reason)] += lines;
}

/// nullptr when the line must be dropped: no batch is free, or the counts of earlier drops do not fit yet.
std::byte* Outbox::room(std::uint32_t to, ChannelSlot channel, SenderId sender, std::size_t record_size) {
  Lane& lane = lanes_[to];
  for (int attempt = 0; attempt < 2; ++attempt) {
    if (lane.open != nullptr && write_refused(lane)) {
      if (std::byte* at = lane.open->add(channel, sender, record_size); at != nullptr) return at;
    }
    if (lane.open != nullptr) send_open(to);
    if (!begin_batch(to, record_size)) return nullptr;
  }
  return nullptr;
}

bool Outbox::begin_batch(std::uint32_t to, std::size_t record_size) {
  Lane& lane = lanes_[to];
  collect(to);
  if (lane.under_way() >= most_under_way_) return false;
  const bool usual = record_size + LineBatch::kPrefix <= LineBatch::kUsualSize;
  if (usual && !lane.spare.empty()) {
    lane.open = std::move(lane.spare.back());
    lane.spare.pop_back();
  } else {
    lane.open = std::make_unique<LineBatch>(record_size);
    log_.charge(static_cast<std::int64_t>(lane.open->capacity()));
  }
  ++lane.taken;
  return true;
}

/// Writes gap records for dropped lines. True when all counts are written.
bool Outbox::write_refused(Lane& lane) {
  while (!lane.refused.empty()) {
    const auto [key, lines] = *lane.refused.begin();
    std::byte* at = lane.open->add(ChannelSlot{static_cast<std::uint32_t>(key >> 8)}, SenderId{}, kGapRecordSize);
    if (at == nullptr) return false;
    encode_gap(lines, static_cast<LossReason>(key & 0xff), shard().wall_now(), at);
    lane.refused.erase(lane.refused.begin());
  }
  return true;
}

/// The mailbox has room for every batch that may be under way, so the wait behind other mail is bounded.
void Outbox::send_open(std::uint32_t to) {
  Lane& lane = lanes_[to];
  ++lane.sent;
  ++batches_sent_;
  lane.open->asks_for_mail = lane.on_the_way() >= most_to_keep_up_;
  FabricShard& owner = fabric_.shard(to);
  const std::uint32_t from = shard().id();
  shard().send(
      to, make_mail([&owner, from, batch = std::move(lane.open)]() mutable { owner.receive(from, std::move(batch)); }));
}

void Outbox::collect(std::uint32_t to) {
  Lane& lane = lanes_[to];
  while (lane.back < lane.sent) {
    std::unique_ptr<Mail> mail = fabric_.returns(to, shard().id()).try_pop();
    if (mail == nullptr) return;
    std::unique_ptr<LineBatch> batch(static_cast<LineBatch*>(mail.release()));
    ++lane.back;
    note_pressure(lane, *batch);
    if (batch->usual()) {
      batch->clear();
      lane.spare.push_back(std::move(batch));
    } else {
      log_.charge(-static_cast<std::int64_t>(batch->capacity()));
    }
  }
}

void Outbox::note_pressure(Lane& lane, const LineBatch& batch) {
  if (batch.delay == Duration{0}) return;
  if (shard().now() >= lane.delay_until) lane.pressing.clear();
  lane.delay = batch.delay;
  lane.delay_until = shard().now() + batch.delay;
  lane.pressing.insert(lane.pressing.end(), batch.pressing.begin(), batch.pressing.end());
  if (lane.pressing.size() > kMostPressingKnown) lane.pressing.resize(kMostPressingKnown);
}

/// Collects returned batches itself: a sender that waits for room appends nothing, and so would not collect them.
bool Outbox::full(std::uint32_t to) {
  if (lanes_[to].under_way() * 2 >= most_under_way_) collect(to);
  return lanes_[to].under_way() * 2 >= most_under_way_;
}

Duration Outbox::delay(std::uint32_t to, ChannelSlot channel) {
  const Lane& lane = lanes_[to];
  const Duration at_least = full(to) ? kOutboxPause : Duration{0};
  if (shard().now() >= lane.delay_until) return at_least;
  const bool presses = lane.pressing.size() >= LineBatch::kMostPressing ||
                       std::find(lane.pressing.begin(), lane.pressing.end(), channel) != lane.pressing.end();
  return presses ? std::max(lane.delay, at_least) : at_least;
}

/// A batch that is not sent here is sent once another batch has come back.
void Outbox::flush_lane(std::uint32_t to, bool all) {
  Lane& lane = lanes_[to];
  collect(to);
  while (!lane.refused.empty() && (lane.open != nullptr || begin_batch(to, kGapRecordSize))) {
    if (!write_refused(lane)) send_open(to);
  }
  if (lane.open != nullptr && (all || lane.on_the_way() < most_to_keep_up_)) send_open(to);
}

void Outbox::flush() {
  const bool round = may_begin_round();
  for (std::uint32_t to = 0; to < lanes_.size(); ++to) flush_lane(to, round);
  if (round) begin_round();
}

void Outbox::shrink() {
  for (std::uint32_t to = 0; to < lanes_.size(); ++to) {
    collect(to);
    if (lanes_[to].spare.empty()) continue;
    lanes_[to].spare.pop_back();
    log_.charge(-static_cast<std::int64_t>(LineBatch::kUsualSize));
  }
}

}  // namespace sluice
