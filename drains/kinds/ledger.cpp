#include "drains/kinds/ledger.hpp"

#include <algorithm>

namespace sluice::drains {
namespace {

/// How urgent a state is. When shards differ, the owner sees the most urgent one.
int urgency(DrainState state) {
  switch (state) {
    case DrainState::kDisabled:
      return 4;
    case DrainState::kPaused:
      return 3;
    case DrainState::kDegraded:
      return 2;
    case DrainState::kActive:
      return 1;
    case DrainState::kPending:
      return 0;
  }
  return 0;
}

}  // namespace

void Ledger::add(const Ledger& other) {
  offered += other.offered;
  filtered += other.filtered;
  delivered += other.delivered;
  for (std::size_t i = 0; i < dropped.size(); ++i) dropped[i] += other.dropped[i];
  pending_lines += other.pending_lines;
  pending_bytes += other.pending_bytes;
  in_flight_lines += other.in_flight_lines;
  errors.add(other.errors);
  notices += other.notices;
  if (other.oldest_pending && (!oldest_pending || *other.oldest_pending < *oldest_pending))
    oldest_pending = other.oldest_pending;
  if (other.last_success && (!last_success || *other.last_success > *last_success)) {
    last_success = other.last_success;
    latency = other.latency;
  }
  if (!other.last_error.empty()) last_error = other.last_error;
  if (since == WallTime{} || (other.since != WallTime{} && other.since < since)) since = other.since;
  if (urgency(other.state) > urgency(state)) state = other.state;
}

}  // namespace sluice::drains
