#include "drains/delivery/drain_runner.hpp"

#include <algorithm>
#include <utility>

#include <boost/asio/post.hpp>

#include "drains/facts/shown_url.hpp"
#include "drains/kinds/destination.hpp"
#include "logplex/base/log.hpp"
#include "logplex/wire/notice.hpp"

namespace sluice::drains {
namespace {

/// How long to wait before trying a transport again that could not take a whole frame (backpressure).
constexpr std::chrono::milliseconds kFullPoll{8};
/// How often an idle connection is checked.
constexpr std::chrono::seconds kTendPeriod{1};
/// The longest pause that a receiver's Retry-After can ask for.
constexpr std::chrono::minutes kLongestAskedPause{10};
/// L14 is written at most once per period, so that it does not fill a quiet channel's history.
constexpr std::chrono::minutes kTailNoticePeriod{15};

/// The settings that decide how lines are encoded: the url's scheme and the format.
std::string writing_of(const Drain& drain) {
  const std::string& url = drain.url.reveal();
  return url.substr(0, url.find(':')) + ' ' + drain.format;
}

Error fault_of(const Error& error) {
  if (error.code != WireError::kDearFilter) return error;
  return {error.code, "filter too expensive: " + error.text()};
}

/// Drains of a channel use the channel's share of work; each global drain has its own share.
Beneficiary owner_of(const DrainEntry& entry) {
  if (!entry.drain.global()) return {Beneficiary::Kind::kChannel, entry.channel.value};
  return {Beneficiary::Kind::kDrain, static_cast<std::uint32_t>(entry.drain.id)};
}

}  // namespace

DrainRunner::DrainRunner(const DrainEnvironment& environment, FabricShard& fabric, FrameMemory& memory,
                         const DrainEntry& entry)
    : OnShard(environment.shard),
      Subscription(fabric, Retention::kUntaken),
      environment_(environment),
      fabric_(fabric),
      memory_(memory),
      log_id_(fabric.identity().log_id),
      drain_(entry.drain),
      changed_at_(entry.changed_at),
      channel_(entry.channel),
      since_(environment.shard.wall_now()),
      backoff_(environment.settings.backoff_min, environment.settings.backoff_max),
      wake_(environment.shard),
      finished_(environment.shard),
      flush_time_(environment.shard.wheel(), *this),
      work_(environment.shard, owner_of(entry)),
      gate_(environment.shard, "drain") {
  configure();
}

DrainRunner::~DrainRunner() {
  if (ring_ != nullptr) ring_->forget(*this);
  clear_frames();
  memory_.bodies.charge(-static_cast<std::int64_t>(held_bytes_));
}

void DrainRunner::configure() {
  auto encoder = make_encoder(drain_, environment_.settings, environment_.channels, environment_.own);
  auto transport = make_transport(drain_, environment_);
  auto filter = Filter::parse(drain_.filter);
  health_ = Health::kUntried;
  if (!encoder) return disable(encoder.error());
  if (!transport) return disable(transport.error());
  if (!filter) return disable(fault_of(filter.error()));
  encoder_ = std::move(*encoder);
  transport_ = std::move(*transport);
  transport_->wake_with(wake_);
  filter_.reset();
  if (!drain_.filter.empty()) filter_ = std::move(*filter);
  if (frames_.empty()) written_for_ = writing_of(drain_);
  ring_ = memory_.rings.find(drain_);
}

void DrainRunner::disable(const Error& error) {
  health_ = Health::kDisabled;
  last_error_ = error.text();
}

void DrainRunner::start(const DrainOwed& owed) {
  try_to_attach();
  if (attached()) {
    go_on(owed);
    join_ring();
  }
  gate_.spawn(run());
}

/// If the shard has no place for another reader, the drain is disabled and tries again when it is changed, and from
/// time to time.
void DrainRunner::try_to_attach() {
  if (drain_.global()) memory_.rings.leave_room();
  const auto attached = drain_.global() ? attach_all() : attach(channel_);
  if (std::exchange(found_no_place_, !attached) && attached) {
    last_error_.clear();
    configure();
  }
  if (!attached) disable({attached.error(), {}});
}

void DrainRunner::report_later(std::uint64_t lines, WallTime since) {
  if (lines == 0) return;
  unreported_since_ = unreported_ == 0 ? since : std::min(unreported_since_, since);
  unreported_ += lines;
}

void DrainRunner::keep(Frame frame) {
  if (frames_.empty()) progress_at_ = shard().now();
  memory_.bodies.charge(static_cast<std::int64_t>(frame.memory()));
  frames_.push_back(std::move(frame));
  keep_records();
}

/// Charges the transport's copies to the byte budget; call it whenever they may have changed.
void DrainRunner::charge_copies() {
  const std::uint64_t held = transport_ != nullptr ? transport_->held_bytes() : 0;
  if (held == held_bytes_) return;
  memory_.bodies.charge(static_cast<std::int64_t>(held) - static_cast<std::int64_t>(held_bytes_));
  held_bytes_ = held;
}

void DrainRunner::drop_memory_of(const Frame& frame) {
  memory_.bodies.charge(-static_cast<std::int64_t>(frame.memory()));
}

void DrainRunner::pop_front() {
  drop_memory_of(frames_.front());
  if (!frames_.front().body.empty()) memory_.bodies.give_back(std::move(frames_.front().body));
  frames_.pop_front();
}

void DrainRunner::clear_frames() {
  while (!frames_.empty()) pop_front();
  keep_records();
}

void DrainRunner::change(const DrainEntry& entry) {
  drain_ = entry.drain;
  if (changed_at_ != entry.changed_at) {
    changed_ = true;
    // A send may hang at the old receiver: end it.
    if (transport_ != nullptr) transport_->close();
  }
  if (changed_ || drain_.paused) leave_ring();
  changed_at_ = entry.changed_at;
  wake_.set();
}

void DrainRunner::on_news() {
  if (pending_bytes() >= (encoder_ ? encoder_->target_bytes() : 0) || flushing_) {
    flush_due_ = true;
    wake_.set();
  } else if (!flush_time_.armed()) {
    flush_time_.arm(environment_.settings.flush_window);
  }
}

void DrainRunner::on_flush_time() {
  flush_due_ = true;
  wake_.set();
}

bool DrainRunner::may_send() const {
  return !drain_.paused && !flush_failed_ && health_ != Health::kDisabled && transport_ != nullptr &&
         sent_ < transport_->window();
}

bool DrainRunner::batch_is_due() const {
  if (following() || !has_pending()) return false;
  if (memory_.bodies.is_tight() && frames_behind() > 0) return false;
  if ((memory_.bodies.is_full() && !frames_.empty()) || !has_room_for_frame()) return false;
  return flush_due_ || flushing_ || pending_bytes() >= encoder_->target_bytes();
}

/// The first frame that was not sent; gathers one if there is none. nullptr if no batch is due, if the filter left out
/// all lines that were looked at in this turn, or if memory is short.
Frame* DrainRunner::next_frame() {
  while (sent_ < frames_.size()) {
    if (frames_[sent_].folded_bytes == 0) return &frames_[sent_];
    if (!has_room_for_frame()) return nullptr;
    write_again(sent_);
    keep_records();
  }
  return batch_is_due() && gather() ? &frames_.back() : nullptr;
}

Task<void> DrainRunner::run() {
  for (;;) {
    if (skip_asked_) co_await drop_pending();
    if (changed_) co_await reconfigure();
    if (found_no_place_) try_to_attach();
    co_await send_what_is_due();
    charge_copies();
    if (flushing_ && (drained() || flush_failed_)) finished_.set();
    if (changed_ || skip_asked_) continue;
    if (health_ == Health::kDisabled) leave_ring();
    join_ring();
    Duration patience = kTendPeriod;
    if (sent_ > 0) patience = transport_->confirm_poll();
    if (way_is_full_) patience = kFullPoll;
    waiting_ = true;
    const bool woken = co_await wake_.wait_for(patience);
    waiting_ = false;
    if (!woken && !gate_.stopping() && sent_ == 0 && transport_ != nullptr) transport_->tend();
  }
}

Task<void> DrainRunner::send_what_is_due() {
  bool failed = !take_confirmed();
  while (may_send() && !changed_ && !skip_asked_) {
    if (failed) {
      co_await pause_after_failure();
      failed = false;
      continue;
    }
    if (must_wait_for_share()) {
      const bool given = co_await work_.share();
      if (!given) co_return;
      continue;
    }
    Frame* frame = next_frame();
    if (frame == nullptr) {
      if (!batch_is_due()) break;
      co_await asio::post(environment_.shard.executor(), use_task);
      continue;
    }
    if (batch_limit_.is_exceeded_by(frame->bytes().size()) && frame->messages() > 1) {
      split_unsent();
      continue;
    }
    const SteadyTime before = environment_.shard.clock().steady();
    SendReport report = co_await transport_->send(*frame);
    latency_ = environment_.shard.clock().steady() - before;
    if (report.verdict == Verdict::kDelivered) batch_limit_.on_delivered(*latency_, environment_.settings.http_timeout);
    apply(report);
    way_is_full_ = report.verdict == Verdict::kLater;
    charge_copies();
    if (way_is_full_) break;
    failed = !take_confirmed() || report.verdict == Verdict::kRetry;
  }
}

void DrainRunner::apply(const SendReport& report) {
  switch (report.verdict) {
    case Verdict::kDelivered:
      return on_delivered(1);
    case Verdict::kSent:
      ++sent_;
      return note_progress();
    case Verdict::kLater:
      return note_trouble();
    case Verdict::kSplit:
      return split_unsent();
    case Verdict::kRejected:
      last_error_ = report.error;
      errors_.count(report.error_class);
      return reject_front();
    case Verdict::kRetry:
      return on_broken(report);
    case Verdict::kFatal:
      on_broken(report);
      health_ = Health::kDisabled;
      return;
  }
}

void DrainRunner::on_delivered(std::size_t frames) {
  for (std::size_t i = 0; i < frames && !frames_.empty(); ++i) {
    Frame& frame = frames_.front();
    delivered_ += frame.lines;
    memory_.delivered_lines += frame.lines;
    notices_ += frame.notices.size();
    pop_front();
    sent_ -= std::min<std::size_t>(sent_, 1);
  }
  keep_records();
  last_success_ = shard().wall_now();
  last_error_.clear();
  health_ = Health::kWell;
  backoff_.reset();
  broke_before_ = false;
  tails_told_again_at_ = {};
  note_progress();
}

/// Moves lines that the receiver refused from delivered to rejected; their frames were already counted as delivered.
void DrainRunner::note_refused(const Refused& refused) {
  if (refused.lines == 0) return;
  delivered_ -= refused.lines;
  memory_.delivered_lines -= refused.lines;
  rejected_ += refused.lines;
  report_later(refused.lines, shard().wall_now());
  health_ = Health::kFailing;
  errors_.count(refused.error_class);
  last_error_ = refused.why;
}

/// Records why frames make no progress. They stay under way; the next confirmation clears the error.
void DrainRunner::note_trouble() {
  auto trouble = transport_->trouble();
  if (!trouble) return;
  health_ = Health::kFailing;
  if (last_error_ != trouble->sentence) errors_.count(trouble->error_class);
  last_error_ = std::move(trouble->sentence);
}

void DrainRunner::on_broken(const SendReport& report) {
  sent_ = 0;
  health_ = Health::kFailing;
  last_error_ = report.error;
  errors_.count(report.error_class);
  asked_pause_ = std::min<Duration>(report.retry_after, kLongestAskedPause);
  if (flushing_) flush_failed_ = true;
  if (report.untrusted) tell_tails(report.error);
  if (report.smaller) make_smaller();
}

/// Writes Logplex's L14 into the channel: the drain's owner has to fix the untrusted connection. A global drain belongs
/// to the operator and gets no L14.
void DrainRunner::tell_tails(std::string_view error) {
  const SteadyTime now = shard().now();
  if (drain_.global() || now < tails_told_again_at_) return;
  tails_told_again_at_ = now + kTailNoticePeriod;
  const std::string url = public_url(drain_.url.reveal());
  const OwnedRecord notice = l14_notice(error, url, drain_token_text(drain_), shard().wall_now());
  fabric_.append(channel_, notice.view().line());
}

/// Drops the first frame that was not sent: send() has just rejected it, or it holds a single line that is too large.
void DrainRunner::reject_front() {
  Frame& frame = frames_[sent_];
  rejected_ += frame.lines;
  report_later(frame.reported, frame.reported_since);
  report_later(frame.lines, shard().wall_now());
  drop_memory_of(frame);
  frames_.erase(frames_.begin() + static_cast<std::ptrdiff_t>(sent_));
  keep_records();
  health_ = Health::kFailing;
  backoff_.reset();
}

/// False if the next attempt should wait. A broken connection is replaced at once, because receivers close connections
/// for reasons of their own; if it breaks again before anything was delivered, the drain waits.
bool DrainRunner::take_confirmed() {
  if (transport_ == nullptr || sent_ == 0) return true;
  if (const std::size_t frames = transport_->take_confirmed(); frames > 0) on_delivered(frames);
  note_refused(transport_->take_refused());
  note_trouble();
  if (!transport_->broken()) return true;
  on_broken(transport_->break_report());
  return !std::exchange(broke_before_, true);
}

Task<void> DrainRunner::pause_after_failure() {
  if (flushing_) co_return;
  if (memory_.bodies.is_full()) fold_frames_from(0);
  const Duration pause = std::max(asked_pause_, backoff_.pause(environment_.shard.rng()));
  const SteadyTime until = environment_.shard.now() + pause;
  while (!changed_ && !skip_asked_ && !flushing_ && environment_.shard.now() < until) {
    const Duration left = until - environment_.shard.now();
    co_await wake_.wait_for(left);
  }
}

/// Only marks the wish: the running task drops the lines, because a frame may be under way.
void DrainRunner::skip_pending() {
  skip_asked_ = true;
  if (transport_ != nullptr) transport_->close();
  wake_.set();
}

Task<void> DrainRunner::reconfigure() {
  changed_ = false;
  if (transport_ != nullptr) transport_->close();
  sent_ = 0;
  backoff_.reset();
  tails_told_again_at_ = {};
  if (ring_ != nullptr) ring_->forget(*this);
  ring_.reset();
  configure();
  if (health_ == Health::kDisabled) co_return;
  const std::string wanted = writing_of(drain_);
  if (wanted != written_for_) co_await write_frames_again();
  written_for_ = wanted;
}

void DrainRunner::flush() {
  flushing_ = true;
  if (following()) ring_->flush();
  if (drain_.paused || health_ == Health::kDisabled || !attached()) flush_failed_ = true;
  if (drained() || flush_failed_) finished_.set();
  wake_.set();
}

Task<void> DrainRunner::finished() { co_await finished_.wait(); }

void DrainRunner::cancel() {
  leave_ring();
  // Frames that are confirmed by now must not be owed.
  if (sent_ > 0) static_cast<void>(take_confirmed());
  if (transport_ != nullptr) transport_->close();
  gate_.stop();
  finished_.set();
}

std::uint64_t DrainRunner::lines_in_frames() const {
  std::uint64_t lines = 0;
  for (const Frame& frame : frames_) lines += frame.lines;
  return lines;
}

std::uint64_t DrainRunner::lines_under_way() const {
  std::uint64_t lines = 0;
  for (std::size_t i = 0; i < sent_; ++i) lines += frames_[i].lines;
  return lines;
}

DrainState DrainRunner::state() const {
  constexpr DrainState kStates[] = {DrainState::kPending, DrainState::kActive, DrainState::kDegraded,
                                    DrainState::kDisabled};
  return drain_.paused ? DrainState::kPaused : kStates[static_cast<std::size_t>(health_)];
}

std::optional<WallTime> DrainRunner::when_oldest() const {
  if (!frames_.empty()) return frames_.front().oldest;
  return lines_in_ring() > 0 ? ring_->open().oldest : oldest_pending();
}

Ledger DrainRunner::ledger() const {
  Ledger ledger;
  ledger.offered = offered();
  ledger.filtered = filtered_ + (following() ? ring_->filtered() - ring_filtered_ : 0);
  ledger.delivered = delivered_;
  ledger.dropped = lost().by_reason;
  ledger.dropped[static_cast<std::size_t>(LossReason::kRejected)] += rejected_;
  ledger.dropped[static_cast<std::size_t>(LossReason::kSkipped)] += skipped_;
  ledger.dropped[static_cast<std::size_t>(LossReason::kMemoryBudget)] += given_up_;
  ledger.dropped[static_cast<std::size_t>(LossReason::kRetention)] += forgotten_;
  ledger.pending_lines = pending_lines() + lines_in_frames() + lines_in_ring();
  ledger.pending_bytes = pending_bytes();
  for (const Frame& frame : frames_) ledger.pending_bytes += frame.bytes().size() + frame.folded_bytes;
  if (lines_in_ring() > 0) ledger.pending_bytes += ring_->open().body->bytes.size();
  ledger.in_flight_lines = lines_under_way();
  ledger.notices = notices_;
  ledger.oldest_pending = when_oldest();
  ledger.last_success = last_success_;
  ledger.last_error = last_error_;
  ledger.errors = errors_;
  ledger.latency = latency_;
  ledger.since = since_;
  ledger.state = state();
  return ledger;
}

}  // namespace sluice::drains
