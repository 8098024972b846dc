#include "logplex/channel/channel_rates.hpp"

#include <algorithm>
#include <limits>

namespace sluice {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

/// `lines` times `each`; half of the largest value on overflow.
std::int64_t time_of(std::uint64_t lines, std::int64_t each) {
  std::int64_t time = 0;
  const auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  const bool over = __builtin_mul_overflow(static_cast<std::int64_t>(std::min(lines, most)), each, &time);
  return over ? std::numeric_limits<std::int64_t>::max() / 2 : time;
}

}  // namespace

void ChannelRates::limit(const LineRateLimit& limit) {
  if (limit.lines_per_second == 0) return;
  line_time_ = std::max<std::int64_t>(kSecond / static_cast<std::int64_t>(limit.lines_per_second), 1);
  burst_time_ = time_of(std::max<std::uint64_t>(limit.burst, 1) - 1, line_time_);
  notice_interval_ = limit.notice_interval;
}

void ChannelRates::drop(ChannelSlot channel, WallTime now) {
  Dropped& dropped = channels_[channel.value];
  if (dropped.this_turn++ == 0) dropped_.push_back(channel);
  if (dropped.unreported++ == 0) dropped.since = now;
  ++all_;
}

}  // namespace sluice
