#include "logplex/ingress/refusals.hpp"

#include <string_view>

#include "logplex/base/log.hpp"
#include "logplex/base/metrics.hpp"

namespace sluice::ingress {
namespace {

struct Words {
  std::string_view label;
  std::string_view change;  // what somebody can do about it
};

constexpr std::array<Words, kRefusals> kWords{{
    {"unauthorized", "the sender needs a token of the channel: Authorization: Basic token:t.UUID"},
    {"forbidden", "the sender needs a credential or key for that channel"},
    {"not_found", "create the channel, or correct its name in the url"},
    {"encoding", "send Content-Type: application/logplex-1, plain or with Content-Encoding: gzip"},
    {"too_large", "send smaller bodies, or raise ingress.body_max"},
    {"malformed", "send octet-counted frames: LENGTH SPACE MESSAGE"},
    {"timeout", "send faster or smaller bodies, or raise ingress.request_timeout"},
    {"memory", "send smaller bodies, fewer at once, or raise fabric.memory_budget"},
    {"loop", "remove the drain whose lines come back to this node, or to one with the same store"},
    {"no_token", "send a line with a valid token within limits.ingress_proof_time"},
    {"crowded", "connect only to send, or raise limits.ingress_unproven"},
    {"slow_message", "send each message whole, or raise ingress.idle_timeout"},
    {"no_message", "frame messages as LENGTH SPACE MESSAGE, or <PRI>MESSAGE and a newline"},
}};

}  // namespace

void Refusals::note(Refusal why, const std::string& peer) {
  const std::size_t at = index(why);
  count(why);
  const SteadyTime now = shard().now();
  if (told_at_[at] != SteadyTime{} && now - told_at_[at] < log_interval_) return;
  log_warning("ingress refused", {{"reason", kWords[at].label},
                                  {"peer", peer},
                                  {"since_last", counts_[at] - told_[at]},
                                  {"change", kWords[at].change}});
  told_at_[at] = now;
  told_[at] = counts_[at];
}

void Refusals::add_metrics(MetricsPage& page) const {
  for (std::size_t at = 0; at < kRefusals; ++at)
    page.counter("sluice_ingress_refused_total",
                 "Requests that ingress refused, and connections that it closed, by reason.",
                 static_cast<double>(counts_[at]), {{"reason", std::string(kWords[at].label)}});
}

}  // namespace sluice::ingress
