#include "logplex/channel/channel_rates.hpp"

#include <algorithm>

namespace sluice {
namespace {

constexpr double kSecond = 1e9;
/// A hundred years: a longer burst is no limit, and sums of times stay in 64 bits.
constexpr double kLongest = 100 * 365.0 * 86'400 * kSecond;
/// How many buckets of senders to look at each second: some 0.1 ms of a turn.
constexpr std::size_t kBucketsASecond = 4096;

double part_of(std::uint64_t whole, unsigned percent) { return static_cast<double>(whole) * percent / 100; }

}  // namespace

Rate::Rate(double per_second, double burst) {
  if (per_second == 0) return;
  unit_time_ = kSecond / per_second;
  burst_time_ = static_cast<std::int64_t>(std::min((std::max(burst, 1.0) - 1) * unit_time_, kLongest));
}

void ChannelRates::limit(const RateLimits& limits) {
  notice_interval_ = limits.notice_interval;
  const auto rates = [&limits](unsigned percent) {
    return Rates{{part_of(limits.lines_per_second, percent), part_of(limits.lines_burst, percent)},
                 {part_of(limits.bytes_per_second, percent), part_of(limits.bytes_burst, percent)}};
  };
  all_ = rates(100);
  limited_ = all_.limited();
  sender_ = limits.sender_percent < 100 ? rates(limits.sender_percent) : Rates{};
}

/// A line that the channel refuses does not count against its sender.
bool ChannelRates::take(Due& due, ChannelSlot channel, SenderId sender, std::size_t bytes, SteadyTime now) {
  const std::int64_t at = now.time_since_epoch().count();
  if (!all_.allow(due, at)) return false;
  if (sender_.limited() && sender.valid()) {
    Due& own = senders_[std::uint64_t{channel.value} << 32 | sender.value];
    if (!sender_.allow(own, at)) return false;
    sender_.count(own, bytes, at);
  }
  all_.count(due, bytes, at);
  return true;
}

void ChannelRates::drop(ChannelSlot channel, WallTime now) {
  Dropped& dropped = channels_[channel.value];
  if (dropped.unwritten++ == 0) over_.push_back(channel);
  if (dropped.unreported++ == 0) dropped.since = now;
  ++dropped_;
}

std::uint64_t ChannelRates::memory() const {
  // A node of a hash table also holds a pointer, and the allocator rounds its size up.
  constexpr std::uint64_t kBeside = 2 * sizeof(void*);
  return senders_.size() * (sizeof(*senders_.begin()) + kBeside) + senders_.bucket_count() * sizeof(void*) +
         channels_.size() * (sizeof(*channels_.begin()) + kBeside) + channels_.bucket_count() * sizeof(void*);
}

/// Goes through a part of all buckets, so that many senders do not make the turn long.
void ChannelRates::forget_senders(SteadyTime now) {
  const std::int64_t at = now.time_since_epoch().count();
  std::vector<std::uint64_t> gone;
  const std::size_t looks = std::min(kBucketsASecond, senders_.bucket_count());
  for (std::size_t i = 0; i < looks; ++i) {
    next_bucket_ = (next_bucket_ + 1) % senders_.bucket_count();
    for (auto sender = senders_.begin(next_bucket_); sender != senders_.end(next_bucket_); ++sender)
      if (sender->second.line_at <= at && sender->second.byte_at <= at) gone.push_back(sender->first);
  }
  for (const std::uint64_t key : gone) senders_.erase(key);
}

}  // namespace sluice
