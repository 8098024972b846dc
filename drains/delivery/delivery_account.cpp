#include "drains/delivery/delivery_account.hpp"

#include <algorithm>
#include <utility>

namespace sluice::drains {

void Unreported::add(std::uint64_t more, WallTime when) {
  if (more == 0) return;
  since = lines == 0 ? when : std::min(since, when);
  lines += more;
}

void DeliveryAccount::miss(const Losses& losses) {
  missing_ += reportable(losses);
  report_later(reportable(losses), losses.since);
}

void DeliveryAccount::forget(std::uint64_t lines, WallTime now) {
  forgotten_ += lines;
  report_later(lines, now);
}

void DeliveryAccount::evict(std::uint64_t lines, WallTime now) {
  evicted_ += lines;
  report_later(lines, now);
}

void DeliveryAccount::deliver(const Frame& frame) {
  delivered_ += frame.lines;
  delivered_by_all_ += frame.lines;
  notices_ += frame.notices.size();
}

/// What the frame's notices reported has not reached the receiver either.
void DeliveryAccount::reject(const Frame& frame, WallTime now) {
  rejected_ += frame.lines;
  report_later(frame.reported, frame.reported_since);
  report_later(frame.lines, now);
  health_ = Health::kFailing;
}

void DeliveryAccount::refuse(const Refused& refused, WallTime now) {
  if (refused.lines == 0) return;
  delivered_ -= refused.lines;
  delivered_by_all_ -= refused.lines;
  rejected_ += refused.lines;
  report_later(refused.lines, now);
  fail(refused.error_class, refused.why);
}

void DeliveryAccount::succeed(WallTime now) {
  last_success_ = now;
  last_error_.clear();
  health_ = Health::kWell;
}

void DeliveryAccount::fail(ErrorClass error_class, std::string sentence) {
  errors_.count(error_class);
  fail(std::move(sentence));
}

void DeliveryAccount::fail(std::string sentence) {
  health_ = Health::kFailing;
  last_error_ = std::move(sentence);
}

void DeliveryAccount::note_trouble(Trouble trouble) {
  if (last_error_ != trouble.sentence) errors_.count(trouble.error_class);
  fail(std::move(trouble.sentence));
}

void DeliveryAccount::disable(std::string sentence) {
  health_ = Health::kDisabled;
  last_error_ = std::move(sentence);
}

DrainState DeliveryAccount::state(bool paused) const {
  constexpr DrainState kStates[] = {DrainState::kPending, DrainState::kActive, DrainState::kDegraded,
                                    DrainState::kDisabled};
  return paused ? DrainState::kPaused : kStates[static_cast<std::size_t>(health_)];
}

void DeliveryAccount::add_to(Ledger& ledger) const {
  ledger.filtered += filtered_;
  ledger.delivered += delivered_;
  ledger.dropped[static_cast<std::size_t>(LossReason::kRejected)] += rejected_;
  ledger.dropped[static_cast<std::size_t>(LossReason::kSkipped)] += skipped_;
  ledger.dropped[static_cast<std::size_t>(LossReason::kMemoryBudget)] += evicted_;
  ledger.dropped[static_cast<std::size_t>(LossReason::kRetention)] += forgotten_;
  ledger.notices += notices_;
  ledger.errors.add(errors_);
  ledger.last_success = last_success_;
  ledger.last_error = last_error_;
  ledger.latency = latency_;
  ledger.since = since_;
}

}  // namespace sluice::drains
