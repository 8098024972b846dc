#include "logplex/ingress/intake.hpp"

#include <algorithm>

#include "logplex/base/metrics.hpp"
#include "logplex/wire/syslog_parse.hpp"

namespace sluice {

void Intake::append_addressed(std::string_view frame) {
  const std::optional<LineView> line = parse_syslog(frame);
  const std::optional<Uuid> token = line ? parse_token(line->source) : find_token(frame);
  if (!token) {
    ++counters_.no_token;
    return;
  }
  const TokenEntry* entry = feed_.current().token(*token);
  if (entry == nullptr) {
    ++counters_.unknown_token;
    return;
  }
  append(*entry, frame, line);
}

void Intake::append_as(const TokenEntry& token, std::string_view frame) { append(token, frame, parse_syslog(frame)); }

void Intake::append(const TokenEntry& token, std::string_view frame, std::optional<LineView> line) {
  if (!line) {
    ++counters_.wrapped;
    line = parse_or_wrap(frame, now_text_.text(shard().wall_now()));
  }
  line->source = token.source();
  line->received = shard().wall_now();
  fabric_.append(token.channel, *line);
  ++counters_.lines;
  counters_.bytes += frame.size();
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
