#include "drains/delivery/untrusted_notice.hpp"

#include "drains/facts/shown_url.hpp"
#include "drains/kinds/destination.hpp"
#include "logplex/wire/notice.hpp"

namespace sluice::drains {
namespace {

constexpr std::chrono::minutes kPeriod{15};

}  // namespace

void UntrustedNotice::write(std::string_view error) {
  const SteadyTime now = shard().now();
  if (entry_.drain.global() || now < again_at_) return;
  again_at_ = now + kPeriod;
  const std::string url = public_url(entry_.drain.url.reveal());
  const OwnedRecord notice = l14_notice(error, url, drain_token_text(entry_.drain), shard().wall_now());
  fabric_.append(entry_.channel, notice.view().line());
}

}  // namespace sluice::drains
