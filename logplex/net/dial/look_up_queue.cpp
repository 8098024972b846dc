#include "logplex/net/dial/look_up_queue.hpp"

#include <algorithm>
#include <utility>

namespace sluice {

bool LookUpQueue::add(const std::string& owner, const std::shared_ptr<LookUpJob>& job) {
  if (waiting_ >= limits_.waiting) return false;
  Owner& own = owners_[owner];
  const bool full = own.waiting.size() + own.waiting_silent.size() >= limits_.waiting_per_owner;
  if (full && !owner.empty()) return false;
  (job->silent ? own.waiting_silent : own.waiting).push_back(job);
  ++waiting_;
  return true;
}

/// Whether one of all places is free for this owner.
bool LookUpQueue::has_place(const std::string& name, bool silent) {
  const std::size_t places = name.empty() ? limits_.under_way : limits_.under_way - limits_.reserved;
  return under_way_ < places && (!silent || silent_ < limits_.under_way / 2);
}

/// The next job that no other owner has begun.
std::shared_ptr<LookUpJob> LookUpQueue::take_from(Jobs& jobs) {
  while (!jobs.empty()) {
    auto job = std::move(jobs.front());
    jobs.pop_front();
    --waiting_;
    if (!job->under_way) return job;
  }
  return nullptr;
}

/// Always allows one silent name: half of a share of 1 would be none.
std::shared_ptr<LookUpJob> LookUpQueue::next_of(const std::string& name, Owner& owner) {
  const std::size_t share = name.empty() ? limits_.under_way : limits_.per_owner;
  if (owner.under_way >= share) return nullptr;
  if (!owner.waiting.empty() && has_place(name, false))
    if (auto job = take_from(owner.waiting)) return job;
  if (owner.silent >= std::max<std::size_t>(share / 2, 1)) return nullptr;
  if (!owner.waiting_silent.empty() && has_place(name, true)) return take_from(owner.waiting_silent);
  return nullptr;
}

void LookUpQueue::begin_of(const std::string& name, std::vector<std::shared_ptr<LookUpJob>>& begun) {
  const auto found = owners_.find(name);
  if (found == owners_.end()) return;
  Owner& owner = found->second;
  while (auto job = next_of(name, owner)) {
    job->under_way = true;
    job->owner = name;
    ++under_way_;
    ++owner.under_way;
    silent_ += job->silent ? 1U : 0U;
    owner.silent += job->silent ? 1U : 0U;
    begun.push_back(std::move(job));
  }
  const bool wants_more = !owner.waiting.empty() || !owner.waiting_silent.empty();
  const bool own_share = owner.under_way < limits_.per_owner;
  const bool no_place = !has_place(name, false) || !has_place(name, true);
  if (wants_more && own_share && no_place && !std::exchange(owner.starved, true)) starved_.push_back(name);
  if (owner.idle()) owners_.erase(found);
}

std::vector<std::shared_ptr<LookUpJob>> LookUpQueue::begin(const std::string& owner) {
  std::vector<std::shared_ptr<LookUpJob>> begun;
  // Owners that waited for a place come first, before this owner gets another one.
  for (std::size_t left = starved_.size(); left > 0 && under_way_ < limits_.under_way; --left) {
    const std::string name = std::move(starved_.front());
    starved_.pop_front();
    if (const auto found = owners_.find(name); found != owners_.end()) found->second.starved = false;
    begin_of(name, begun);
  }
  begin_of(owner, begun);
  return begun;
}

void LookUpQueue::ended(const LookUpJob& job) {
  const auto found = owners_.find(job.owner);
  --under_way_;
  silent_ -= job.silent ? 1U : 0U;
  --found->second.under_way;
  found->second.silent -= job.silent ? 1U : 0U;
  if (found->second.idle()) owners_.erase(found);
}

}  // namespace sluice
