#include "drains/delivery/drain_runner.hpp"

#include <algorithm>
#include <utility>

#include <boost/asio/post.hpp>

namespace sluice::drains {
namespace {

/// How long to wait before trying a transport again that could not take a whole frame (backpressure).
constexpr std::chrono::milliseconds kFullPoll{8};
/// How often an idle connection is checked.
constexpr std::chrono::seconds kTendPeriod{1};

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
      environment_(environment),
      fabric_(fabric),
      memory_(memory),
      entry_(entry),
      wake_(environment.shard),
      finished_(environment.shard),
      account_(environment.shard.wall_now(), memory.delivered_lines),
      writer_(fabric, entry.drain),
      cursor_(environment.shard, fabric, environment.settings.flush_window, writer_, account_, wake_),
      frames_(environment.shard, memory.bodies, cursor_, writer_, account_),
      sender_(environment.shard, environment.settings, frames_, account_,
              UntrustedNotice(environment.shard, fabric, entry_)),
      seat_(environment.shard, *this, {cursor_, frames_, writer_, sender_, account_, wake_}),
      work_(environment.shard, owner_of(entry)),
      gate_(environment.shard, "drain") {
  configure();
}

DrainRunner::~DrainRunner() { seat_.choose(nullptr); }

void DrainRunner::configure() {
  const Drain& drain = entry_.drain;
  auto encoder = make_encoder(drain, environment_.settings, environment_.channels, environment_.own);
  auto transport = make_transport(drain, environment_);
  auto filter = Filter::parse(drain.filter);
  account_.begin_anew();
  if (!encoder) return account_.disable(encoder.error().text());
  if (!transport) return account_.disable(transport.error().text());
  if (!filter) return account_.disable(fault_of(filter.error()).text());
  writer_.use(std::move(*encoder), (*transport)->tells_ids());
  sender_.use(std::move(*transport), wake_);
  cursor_.filter_by(drain.filter.empty() ? std::nullopt : std::optional<Filter>(std::move(*filter)));
  if (frames_.empty()) written_for_ = writing_of(drain);
  seat_.choose(memory_.rings.find(drain));
}

void DrainRunner::start(const DrainOwed& owed) {
  attach();
  if (cursor_.attached()) {
    cursor_.go_on(owed, entry_.drain.global());
    join_ring();
  }
  gate_.spawn(run());
}

/// If the shard has no place for another reader, the drain is disabled and tries again when it is changed, and from
/// time to time.
void DrainRunner::attach() {
  const bool global = entry_.drain.global();
  if (global) memory_.rings.leave_room();
  const auto attached = global ? cursor_.attach_all() : cursor_.attach(entry_.channel);
  if (std::exchange(found_no_place_, !attached) && attached) {
    account_.forget_error();
    configure();
  }
  if (!attached) account_.disable(Error{attached.error(), {}}.text());
}

void DrainRunner::join_ring() {
  const bool may_share = !entry_.drain.paused && flush_ == Flush::kNo && !asked_.any() && !account_.disabled();
  if (may_share) seat_.join();
}

void DrainRunner::change(const DrainEntry& entry) {
  entry_.drain = entry.drain;
  if (std::exchange(entry_.changed_at, entry.changed_at) != entry.changed_at) {
    asked_.change = true;
    // A send may hang at the old receiver: end it.
    sender_.close();
  }
  if (asked_.change || entry_.drain.paused) seat_.leave();
  wake_.set();
}

void DrainRunner::skip_pending() {
  asked_.skip = true;
  sender_.close();
  wake_.set();
}

Task<void> DrainRunner::run() {
  for (;;) {
    if (asked_.skip) co_await drop_pending();
    if (asked_.change) co_await reconfigure();
    if (found_no_place_) attach();
    const Progress last = co_await send_what_is_due();
    sender_.charge_copies();
    if (is_flushed()) finished_.set();
    if (asked_.any()) continue;
    if (account_.disabled()) seat_.leave();
    join_ring();
    Duration patience = frames_.sent() > 0 ? sender_.confirm_poll() : kTendPeriod;
    if (last == Progress::kFull) patience = kFullPoll;
    activity_ = Activity::kSleeping;
    const bool woken = co_await wake_.wait_for(patience);
    activity_ = Activity::kWorking;
    if (!woken && !gate_.stopping()) sender_.tend();
  }
}

Task<DrainRunner::Progress> DrainRunner::send_what_is_due() {
  for (Progress last = sender_.take_confirmed();;) {
    const Step step = next_step(last);
    if (step == Step::kRest) co_return last;
    last = Progress::kWell;
    switch (step) {
      case Step::kSend: {
        const SendReport report = co_await sender_.send_next();
        last = sender_.settle(report);
        break;
      }
      case Step::kSplit:
        sender_.split_next();
        break;
      case Step::kBackOff:
        co_await back_off();
        break;
      case Step::kWaitForShare: {
        const bool given = co_await work_.share();
        if (!given) co_return last;
        break;
      }
      case Step::kYield:
        co_await asio::post(environment_.shard.executor(), use_task);
        break;
      case Step::kRest:
        break;
    }
  }
}

DrainRunner::Step DrainRunner::next_step(Progress last) {
  const bool broke = last == Progress::kBroke || last == Progress::kFailed;
  if (broke && flush_ == Flush::kFlushing) flush_ = Flush::kFailed;
  if (frames_.take_progress()) seat_.on_progress();
  if (last == Progress::kFull || asked_.any() || !may_send()) return Step::kRest;
  if (last == Progress::kFailed) return Step::kBackOff;
  for (; !frames_.all_sent(); frames_.write_next_again()) {
    const bool has_bytes = frames_.next().folded_bytes == 0;
    if (has_bytes) return sender_.next_is_too_large() ? Step::kSplit : Step::kSend;
    if (!memory_.bodies.has_room(account_.failing())) return Step::kRest;
  }
  if (!batch_is_due()) return Step::kRest;
  if (cursor_.filters() && !work_.may_go_on()) return Step::kWaitForShare;
  if (cursor_.gather(frames_, sender_.batch_bytes(writer_.target_bytes()), work_))
    return sender_.next_is_too_large() ? Step::kSplit : Step::kSend;
  return batch_is_due() ? Step::kYield : Step::kRest;
}

bool DrainRunner::may_send() const {
  return !entry_.drain.paused && flush_ != Flush::kFailed && !account_.disabled() && sender_.has_room();
}

bool DrainRunner::send_at_once() {
  const bool task_waits_for_news = activity_ == Activity::kSleeping && !wake_.is_set();
  const bool all_sent = task_waits_for_news && may_send() && sender_.send_now();
  // The ring knows how far its readers are while it hands out frames.
  static_cast<void>(frames_.take_progress());
  return all_sent;
}

Task<void> DrainRunner::back_off() {
  if (flush_ != Flush::kNo) co_return;
  if (memory_.bodies.is_full()) frames_.fold(0);
  const SteadyTime until = environment_.shard.now() + sender_.pause();
  while (!asked_.any() && flush_ == Flush::kNo && environment_.shard.now() < until) {
    const Duration left = until - environment_.shard.now();
    co_await wake_.wait_for(left);
  }
}

Task<void> DrainRunner::reconfigure() {
  asked_.change = false;
  sender_.begin_anew();
  seat_.choose(nullptr);
  configure();
  if (account_.disabled()) co_return;
  const std::string wanted = writing_of(entry_.drain);
  if (wanted != written_for_) co_await frames_.write_all_again(work_);
  written_for_ = wanted;
}

/// Drops the lines that are pending now. Lines that arrive meanwhile are delivered.
Task<void> DrainRunner::drop_pending() {
  asked_.skip = false;
  sender_.close();
  seat_.leave();
  account_.skip(frames_.clear());
  co_await cursor_.skip_pending(work_);
}

void DrainRunner::flush() {
  if (flush_ == Flush::kNo) flush_ = Flush::kFlushing;
  cursor_.flush();
  seat_.flush();
  if (entry_.drain.paused || account_.disabled() || !cursor_.attached()) flush_ = Flush::kFailed;
  if (is_flushed()) finished_.set();
  wake_.set();
}

bool DrainRunner::is_flushed() const {
  if (flush_ != Flush::kFlushing) return flush_ == Flush::kFailed;
  return frames_.empty() && !cursor_.has_pending() && seat_.open_lines() == 0;
}

Task<void> DrainRunner::finished() { co_await finished_.wait(); }

void DrainRunner::cancel() {
  seat_.leave();
  // Frames that are confirmed by now must not be owed.
  static_cast<void>(sender_.take_confirmed());
  sender_.close();
  gate_.stop();
  finished_.set();
}

Ledger DrainRunner::ledger() const {
  Ledger ledger;
  cursor_.add_to(ledger);
  frames_.add_to(ledger);
  seat_.add_to(ledger);
  account_.add_to(ledger);
  ledger.oldest_pending =
      frames_.empty() ? seat_.open_since() : std::optional<WallTime>(frames_.frames().front().oldest);
  if (!ledger.oldest_pending) ledger.oldest_pending = cursor_.oldest_pending();
  ledger.state = state();
  return ledger;
}

}  // namespace sluice::drains
