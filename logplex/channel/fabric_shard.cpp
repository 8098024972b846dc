#include <algorithm>
#include <limits>
#include <utility>

#include "logplex/base/metrics.hpp"
#include "logplex/channel/fabric.hpp"
#include "logplex/wire/notice.hpp"

namespace sluice {
namespace {

constexpr std::chrono::seconds kRebalance{1};
/// A connection reads 256 KiB between two pauses: at most 32 MiB a second. A pause of 1 ms held nothing back.
constexpr Duration kHeldPause = std::chrono::milliseconds(8);

}  // namespace

FabricShard::FabricShard(Fabric& fabric, Shard& shard, std::unique_ptr<Placement> placement)
    : OnShard(shard),
      fabric_(fabric),
      id_(shard.id()),
      placement_(std::move(placement)),
      log_(shard, *this, fabric.identity().first_seq(), fabric.settings().history_lines),
      outbox_(fabric, shard, log_, *this, fabric.most_batches_under_way()),
      second_(shard.wheel(), *this) {
  log_.set_limit(fabric.settings().memory_budget.count / fabric.runtime().size());
}

FabricShard::~FabricShard() { shard().forget(*this); }

void FabricShard::start() { second_.arm(kRebalance); }

const LogIdentity& FabricShard::identity() const { return fabric_.identity(); }

void FabricShard::append(ChannelSlot channel, const LineView& line) { append_from(channel, line, {}); }

void FabricShard::append_from(ChannelSlot channel, const LineView& line, SenderId sender) {
  const Route route = route_of(channel);
  if (route.state != Route::kOpen)
    ++unrouted_;
  else if (!is_mine(route))
    outbox_.append(route.owner, channel, sender, line);
  else if (rates_.limited())
    append_limited(log_.channel(route.index), line, sender);
  else
    log_.append(log_.channel(route.index), line);
}

/// Apart, so that without limits a line costs no more instructions.
[[gnu::noinline]] void FabricShard::append_limited(ChannelLog& channel, const LineView& line, SenderId sender) {
  if (is_over_rate(channel, sender, record_size(line))) return;
  if (channel.unwritten_gap) write_gap(channel);
  log_.append(channel, line);
}

bool FabricShard::is_over_rate(ChannelLog& channel, SenderId sender, std::size_t bytes) {
  if (rates_.take(channel.due, channel.slot, sender, bytes, shard().now())) return false;
  rates_.drop(channel.slot, shard().wall_now());
  channel.unwritten_gap = true;
  shard().at_turn_end(*this);
  return true;
}

void FabricShard::write_gap(ChannelLog& channel) {
  channel.unwritten_gap = false;
  log_.append_gap(channel, rates_.take_dropped(channel.slot), LossReason::kRate);
}

void FabricShard::tell_dropped(Moment moment) {
  const auto gap = [this](ChannelSlot channel, std::uint64_t lines) {
    const auto found = find(channel);
    if (!found) return;
    (*found)->unwritten_gap = false;
    log_.append_gap(**found, lines, LossReason::kRate);
  };
  const auto notice = [this](ChannelSlot channel, std::uint64_t lines, WallTime since) {
    write_notice(channel, lines, since);
  };
  if (moment == Moment::kEndOfTurn)
    rates_.end_turn(shard().now(), gap, notice);
  else
    rates_.end_second(shard().now(), gap, notice);
}

/// The notice does not count against the rate: it is at most one line per interval.
void FabricShard::write_notice(ChannelSlot channel, std::uint64_t lines, WallTime since) {
  const auto found = find(channel);
  if (!found) return;
  const OwnedRecord notice = l16_notice(lines, since, shard().wall_now());
  log_.append_record(**found, notice.bytes(), notice.view().size());
}

void FabricShard::prefetch(ChannelSlot channel, Step step) const {
  const Route route = route_of(channel);
  if (route.state != Route::kOpen || !is_mine(route)) return;
  const ChannelLog& log = log_.channel(route.index);
  if (step == Step::kChannel) {
    __builtin_prefetch(&log);
  } else if (step == Step::kSegment) {
    __builtin_prefetch(log.newest);
  } else if (log.newest != nullptr) {
    const std::byte* tail = log.newest->payload() + log.newest->used;
    for (std::size_t line = 0; line < 4; ++line) __builtin_prefetch(tail + line * 64, 1);
  }
}

void FabricShard::append_gap(ChannelSlot channel, std::uint64_t lines, LossReason reason) {
  const Route route = route_of(channel);
  if (route.state != Route::kOpen)
    unrouted_ += lines;
  else if (is_mine(route))
    log_.append_gap(log_.channel(route.index), lines, reason);
  else if (lines != 0)
    outbox_.append_gap(route.owner, channel, lines, reason);
}

Task<result<Ack>> FabricShard::settled(Ack wanted) {
  const bool done = co_await outbox_.settled();
  if (!done) co_return make_error_code(boost::system::errc::operation_canceled);
  if (wanted == Ack::kMemory) co_return wanted;
  const auto reached = co_await fabric_.log_->settled(wanted);
  co_return reached;
}

namespace {

/// Makes room for the slot. Returns how many bytes more the vector takes.
template <class T>
std::int64_t grow_to(std::vector<T>& by_slot, ChannelSlot channel) {
  if (channel.value < by_slot.size()) return 0;
  const std::size_t before = by_slot.capacity();
  by_slot.resize(channel.value + 1);
  return static_cast<std::int64_t>((by_slot.capacity() - before) * sizeof(T));
}

}  // namespace

FabricShard::Route& FabricShard::route_at(ChannelSlot channel) {
  log_.charge(grow_to(routes_, channel));
  return routes_[channel.value];
}

void FabricShard::open_log(ChannelSlot channel, Route& route, bool again) {
  ChannelLog& log = log_.open(channel, again);
  route.index = log.index;
  const ChannelNumbers::Row* known = again ? nullptr : fabric_.numbers_.find(key_of(channel));
  if (known != nullptr) log.start = log.next = log.next + known->next;
}

/// The epoch since which the channel's numbers have gone on at every start.
std::uint64_t FabricShard::counts_since(const ChannelLog& log) const {
  const ChannelNumbers::Row* known = fabric_.numbers_.find(key_of(log.slot));
  const bool restored = epoch_of(log.start) < identity().epoch;
  const bool goes_on = known != nullptr && (restored || count_of(log.start) == known->next);
  return goes_on ? known->since : epoch_of(log.start);
}

ChannelKey FabricShard::key_of(ChannelSlot channel) const {
  return channel.value < keys_.size() ? keys_[channel.value] : ChannelKey();
}

std::optional<ResumedAt> FabricShard::resume(ChannelSlot channel, Seq kept) const {
  const auto found = find(channel);
  if (!found) return std::nullopt;
  const ChannelLog& log = **found;
  if (kept >= log.start) return ResumedAt{kept, 0};
  if (epoch_of(kept) < counts_since(log) || count_of(kept) > count_of(log.start)) return std::nullopt;
  return ResumedAt{log.start, lines_between(kept, log.start)};
}

std::unique_ptr<ChannelReader> FabricShard::reader(ChannelReader::Observer& observer) {
  return fabric_.make_reader_(*this, observer);
}

void FabricShard::add_numbers(ChannelNumbers& numbers) const {
  for (std::uint32_t slot = 0; slot < keys_.size(); ++slot) {
    const auto found = find(ChannelSlot{slot});
    if (!found || count_of((*found)->next) == 0) continue;
    numbers.add(keys_[slot], count_of((*found)->next), static_cast<std::uint32_t>(counts_since(**found)));
  }
}

void FabricShard::open_channel(ChannelSlot channel, std::string_view id) {
  SLUICE_CHECK(channel.valid());
  Route& route = route_at(channel);
  const Owner owner = placement_->owner_of_channel(id);
  const Route before = route;
  log_.charge(grow_to(keys_, channel));
  if (keys_[channel.value] == ChannelKey()) keys_[channel.value] = channel_key(identity().log_id, id);
  if (before.state == Route::kOpen && owner == Owner{Owner::kThisNode, before.owner}) return;
  if (before.state == Route::kOpen && is_mine(before)) hand_over(channel, before, owner);
  route.owner = static_cast<std::uint16_t>(owner.shard);
  if (!owner.here()) {
    route.state = Route::kElsewhere;
  } else if (!is_mine(route)) {
    if (before.state != Route::kReady) route.state = Route::kOpen;
  } else if (before.state == Route::kOpen || before.state == Route::kExpected) {
    route.state = Route::kExpected;
  } else {
    route.state = Route::kOpen;
    open_log(channel, route, before.state != Route::kUnknown);
  }
}

void FabricShard::hand_over(ChannelSlot channel, const Route& route, Owner to) {
  close_log(route);
  if (!to.here()) return;
  shard().send(to.shard, make_mail([&there = fabric_.shard(to.shard), channel, next = log_.closed_above()] {
                 there.take_over(channel, next);
               }));
}

/// The mail and this shard's own change of owners come in any order.
void FabricShard::take_over(ChannelSlot channel, Seq next) {
  log_.number_above(next);
  Route& route = route_at(channel);
  if (route.state == Route::kExpected) {
    route.state = Route::kOpen;
    open_log(channel, route, true);
  } else if (route.state == Route::kOpen && !is_mine(route)) {
    route.state = Route::kReady;
  }
}

void FabricShard::close_log(const Route& route) {
  ChannelLog& log = log_.channel(route.index);
  if (log.unwritten_gap) write_gap(log);
  log_.close(log);
}

void FabricShard::close_channel(ChannelSlot channel) {
  Route& route = route_at(channel);
  if (route.state == Route::kOpen && is_mine(route)) close_log(route);
  route.state = Route::kClosed;
}

std::uint32_t FabricShard::owner_of(ChannelSlot channel) const {
  const Route route = route_of(channel);
  SLUICE_DCHECK(route.state == Route::kOpen);
  return route.owner;
}

result<ChannelLog*> FabricShard::find(ChannelSlot channel) const {
  const Route route = route_of(channel);
  if (route.state == Route::kElsewhere) return make_error_code(FabricError::kNotOwner);
  if (route.state != Route::kOpen) return make_error_code(FabricError::kNoChannel);
  if (!is_mine(route)) return make_error_code(FabricError::kNotOwner);
  return &log_.channel(route.index);
}

Seq FabricShard::first_held(ChannelSlot channel) const {
  const auto found = find(channel);
  return found ? (*found)->first_held() : std::numeric_limits<Seq>::max();
}

/// The sender may learn of a new channel slightly before its owner. Then the first line opens the channel here.
void FabricShard::receive_record(ChannelSlot channel, SenderId sender, const RecordView& record, LineBatch& batch) {
  Route& route = route_at(channel);
  if (route.state == Route::kUnknown)
    route = {log_.open(channel, false).index, static_cast<std::uint16_t>(id_), Route::kOpen};
  if (route.state != Route::kOpen || !is_mine(route)) {
    unrouted_ += record.lines();
    return;
  }
  ChannelLog& to = log_.channel(route.index);
  if (rates_.limited() && !record.is_gap() && is_over_rate(to, sender, record.size())) return;
  if (to.unwritten_gap) write_gap(to);
  log_.append_record(to, record.bytes(), record.size());
  if (batch.pressing.size() == LineBatch::kMostPressing) return;
  if (!batch.pressing.empty() && batch.pressing.back() == channel) return;
  const Duration delay = delay_of(to);
  if (delay == Duration{0}) return;
  batch.delay = std::max(batch.delay, delay);
  batch.pressing.push_back(channel);
}

void FabricShard::receive(std::uint32_t from, std::unique_ptr<LineBatch> batch) {
  batch->for_each([&](ChannelSlot channel, SenderId sender, const RecordView& record) {
    receive_record(channel, sender, record, *batch);
  });
  const bool asks_for_mail = batch->asks_for_mail;
  std::unique_ptr<Mail> back = std::move(batch);
  const bool has_room = fabric_.returns(id_, from).try_push(back);
  SLUICE_CHECK(has_room);
  if (asks_for_mail) shard().send(from, make_mail([&sender = fabric_.shard(from)] { sender.outbox_.on_batch_back(); }));
}

void FabricShard::on_turn_end() {
  outbox_.flush();
  tell_dropped(Moment::kEndOfTurn);
  log_.tell_readers();
  if (!log_.keep_to_limit()) shard().at_turn_end(*this);
}

/// Rises with the square of the pressure, so that slightly over 75 % costs only milliseconds.
Duration FabricShard::delay_of(const ChannelLog& channel) const {
  const Duration at_least = holds_ == 0 ? Duration{0} : kHeldPause;
  const double pressure = log_.pressure();
  if (pressure == 0) return at_least;
  const double part = pressure * pressure * log_.strain(channel);
  return std::max(at_least,
                  Duration(static_cast<std::int64_t>(part * static_cast<double>(fabric_.ingress_max_delay().count()))));
}

Duration FabricShard::ingress_delay(ChannelSlot channel) {
  const Route route = route_of(channel);
  if (route.state != Route::kOpen) return Duration{0};
  if (!is_mine(route)) return outbox_.delay(route.owner, channel);
  return delay_of(log_.channel(route.index));
}

bool FabricShard::outbox_full() {
  for (std::uint32_t to = 0; to < fabric_.runtime().size(); ++to) {
    if (outbox_.full(to)) return true;
  }
  return false;
}

void FabricShard::on_second() {
  second_.arm(kRebalance);
  outbox_.shrink();
  tell_dropped(Moment::kEndOfSecond);
  charge_rates();
  shard().at_turn_end(*this);
  if (fabric_.runtime().size() > 1) ask_for_share();
}

void FabricShard::charge_rates() {
  const auto now = static_cast<std::int64_t>(rates_.memory());
  log_.charge(now - std::exchange(rates_charged_, now));
}

void FabricShard::ask_for_share() {
  const ShareDemand demand{log_.used_bytes(), log_.evicted_bytes() - evicted_before_};
  evicted_before_ = log_.evicted_bytes();
  shard().send(0, make_mail([&fabric = fabric_, from = id_, demand] { fabric.on_demand(from, demand); }));
}

FabricGauges FabricShard::gauges() const {
  FabricGauges gauges;
  gauges.bytes_used = log_.used_bytes();
  gauges.bytes_budget = log_.limit();
  gauges.channels = log_.channels();
  gauges.lines_appended = log_.appended_lines();
  gauges.lines_refused = outbox_.refused();
  gauges.lines_over_rate = rates_.dropped();
  gauges.eviction_looks = log_.eviction_looks();
  gauges.limited_senders = rates_.senders();
  gauges.lines_unrouted = unrouted_;
  gauges.lines_restored = restored_;
  gauges.lines_evicted = log_.evicted_lines();
  return gauges;
}

void FabricShard::add_metrics(MetricsPage& page) const {
  const FabricGauges now = gauges();
  const auto number = [](std::uint64_t value) { return static_cast<double>(value); };
  page.gauge("sluice_fabric_used_bytes", "Memory of buffered lines: segments, index, batches and frames.",
             number(now.bytes_used));
  page.gauge("sluice_fabric_budget_bytes", "Memory that buffered lines may use.", number(now.bytes_budget));
  page.gauge("sluice_fabric_channels", "Open channels.", number(now.channels));
  page.counter("sluice_fabric_lines_appended_total", "Lines appended to channels.", number(now.lines_appended));
  page.counter("sluice_fabric_lines_refused_total", "Lines dropped because the outbox to another shard was full.",
               number(now.lines_refused));
  page.counter("sluice_fabric_lines_over_rate_total",
               "Lines dropped because their channel or their sender was over its rate.", number(now.lines_over_rate));
  page.gauge("sluice_fabric_limited_senders", "Tokens and API keys that have used a part of their rate.",
             number(now.limited_senders));
  page.counter("sluice_fabric_lines_unrouted_total", "Lines dropped because their channel was closed or unknown.",
               number(now.lines_unrouted));
  page.counter("sluice_fabric_lines_restored_total", "Appended lines that the last stop kept for this start.",
               number(now.lines_restored));
  page.counter("sluice_fabric_batches_sent_total", "Batches of lines sent to other shards.",
               number(outbox_.batches_sent()));
  page.counter("sluice_fabric_eviction_looks_total", "Channels looked at, to find the one that gives memory.",
               number(now.eviction_looks));
  for (const LossReason reason : {LossReason::kMemoryBudget, LossReason::kRetention}) {
    page.counter(
        "sluice_fabric_lines_evicted_total", "Lines removed from memory, whether readers had taken them or not.",
        number(now.lines_evicted[static_cast<std::size_t>(reason)]), {{"reason", std::string(to_string(reason))}});
  }
}

}  // namespace sluice
