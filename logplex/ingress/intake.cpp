#include "logplex/ingress/intake.hpp"

#include <algorithm>

#include "logplex/base/metrics.hpp"
#include "logplex/wire/syslog_parse.hpp"

namespace sluice {

Intake::Intake(Shard& shard, ConfigFeed& feed, FabricShard& fabric)
    : OnShard(shard), feed_(feed), fabric_(fabric), tokens_(feed) {}

/// Step by step for all, so that what one line needs from memory comes while the others are worked on: with 1,000
/// channels 0.51 us a line to one receiver instead of 0.61, with 512 KiB of second-level cache (2026-11-23).
void Intake::append_addressed(std::span<const std::string_view> frames) {
  const std::span arrivals(arrivals_.data(), frames.size());
  for (std::size_t i = 0; i < frames.size(); ++i) parse(arrivals[i], frames[i]);
  for (Arrival& arrival : arrivals) arrival.entry = find(arrival);
  for (const FabricShard::Step step :
       {FabricShard::Step::kChannel, FabricShard::Step::kSegment, FabricShard::Step::kTail})
    for (const Arrival& arrival : arrivals)
      if (arrival.entry != nullptr) fabric_.prefetch(arrival.entry->channel, step);
  for (Arrival& arrival : arrivals)
    if (arrival.entry != nullptr) append(*arrival.entry, arrival);
}

void Intake::append_as(const TokenEntry& token, std::string_view frame) {
  Arrival& arrival = arrivals_.front();
  arrival.frame = frame;
  arrival.parsed = parse_syslog(frame, arrival.line);
  append(token, arrival);
}

void Intake::parse(Arrival& arrival, std::string_view frame) {
  arrival.frame = frame;
  arrival.parsed = parse_syslog(frame, arrival.line);
  arrival.token = arrival.parsed ? parse_token(arrival.line.source) : find_token(frame);
  if (arrival.token) tokens_.prefetch(*arrival.token);
}

const TokenEntry* Intake::find(const Arrival& arrival) {
  if (!arrival.token) {
    ++counters_.no_token;
    return nullptr;
  }
  const TokenEntry* entry = tokens_.find(*arrival.token);
  if (entry == nullptr)
    ++counters_.unknown_token;
  else
    __builtin_prefetch(entry);
  return entry;
}

void Intake::append(const TokenEntry& token, Arrival& arrival) {
  LineView& line = arrival.line;
  if (!arrival.parsed) {
    ++counters_.wrapped;
    line = parse_or_wrap(arrival.frame, now_text_.text(shard().wall_now()));
  }
  line.source = token.source();
  line.received = shard().wall_now();
  fabric_.append(token.channel, line);
  ++counters_.lines;
  counters_.bytes += arrival.frame.size();
  delay_ = std::max(delay_, fabric_.ingress_delay(token.channel));
}

Duration Intake::take_delay() { return std::exchange(delay_, Duration{0}); }

void Intake::add_metrics(MetricsPage& page) const {
  const auto count = [&page](std::string_view name, std::string_view help, std::uint64_t value) {
    page.counter(name, help, static_cast<double>(value));
  };
  count("sluice_ingress_lines_total", "Lines taken in.", counters_.lines);
  count("sluice_ingress_bytes_total", "Bytes of the frames taken in.", counters_.bytes);
  count("sluice_ingress_lines_wrapped_total", "Lines that were not RFC 5424 and were kept as text.", counters_.wrapped);
  page.counter("sluice_ingress_lines_refused_total", "Lines that led to no channel.",
               static_cast<double>(counters_.no_token), {{"reason", "no_token"}});
  page.counter("sluice_ingress_lines_refused_total", "Lines that led to no channel.",
               static_cast<double>(counters_.unknown_token), {{"reason", "unknown_token"}});
  count("sluice_ingress_malformed_total", "Items that were not octet-counted frames.", counters_.malformed);
}

}  // namespace sluice
