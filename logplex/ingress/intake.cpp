#include "logplex/ingress/intake.hpp"

#include <algorithm>

#include "logplex/base/metrics.hpp"
#include "logplex/store/store.hpp"
#include "logplex/wire/passed_element.hpp"
#include "logplex/wire/record.hpp"

namespace sluice::ingress {
namespace {

bool has_room_for_token(const LineView& line) {
  const std::size_t longest = std::max(
      {line.time.size(), line.host.size(), line.process.size(), line.msgid.size(), line.structured_data.size()});
  return longest >= kTokenSize;
}

}  // namespace

Intake::Intake(Shard& shard, ConfigFeed& feed, FabricShard& fabric, Duration log_interval, const Store* store)
    : OnShard(shard), feed_(feed), fabric_(fabric), store_(store), tokens_(feed), refusals_(shard, log_interval) {}

std::size_t Intake::append_addressed(std::span<const std::string_view> messages) {
  const std::span arrivals(arrivals_.data(), messages.size());
  for (std::size_t i = 0; i < messages.size(); ++i) parse(arrivals[i], messages[i]);
  return take(arrivals);
}

bool Intake::append(std::optional<Uuid> token, const LineView& line, std::string_view message) {
  if (!is_storable(line)) return count_malformed(), false;
  arrivals_.front() = {line, message, token, nullptr, true};
  return take({arrivals_.data(), 1}) == 1;
}

bool Intake::is_storable(const LineView& line) {
  const auto breaks = [](char byte) { return static_cast<unsigned char>(byte) <= ' ' || byte == '\x7f'; };
  return std::ranges::none_of(std::array{line.time, line.host, line.process, line.msgid},
                              [&](std::string_view field) { return std::ranges::any_of(field, breaks); });
}

/// Appends those that have the token of a channel, and returns how many these are. Does each step for all of them, so
/// that the memory that one line needs is prefetched during work on the others: with 1,000 channels 0.51 us a line to
/// one receiver instead of 0.61, with 512 KiB of second-level cache (2026-11-23).
std::size_t Intake::take(std::span<Arrival> arrivals) {
  for (Arrival& arrival : arrivals) arrival.entry = find(arrival);
  for (const FabricShard::Step step :
       {FabricShard::Step::kChannel, FabricShard::Step::kSegment, FabricShard::Step::kTail})
    for (const Arrival& arrival : arrivals)
      if (arrival.entry != nullptr) fabric_.prefetch(arrival.entry->channel, step);
  std::size_t appended = 0;
  for (Arrival& arrival : arrivals) {
    if (arrival.entry == nullptr) continue;
    ++appended;
    arrival.line.passed = {};
    if (is_loop(arrival)) continue;
    complete(arrival, arrival.entry->source());
    append_as(sender_of(*arrival.token), arrival.entry->channel, arrival.line, arrival.message.size());
  }
  return appended;
}

const LineView& Intake::read_as(std::string_view source, std::string_view message) {
  Arrival& arrival = arrivals_.front();
  arrival.message = message;
  arrival.parsed = parse_syslog(message, StructuredData::kNilOnly, arrival.line);
  complete(arrival, source);
  return arrival.line;
}

const LineView& Intake::read_as(std::string_view source, const LineView& line) {
  Arrival& arrival = arrivals_.front();
  arrival = {line, {}, std::nullopt, nullptr, true};
  complete(arrival, source);
  return arrival.line;
}

std::optional<Uuid> Intake::token_of(std::string_view message) {
  LineView line;
  return parse_syslog(message, StructuredData::kNilOnly, line) ? parse_token(line.source) : find_token(message);
}

void Intake::parse(Arrival& arrival, std::string_view message) {
  arrival.message = message;
  arrival.parsed = parse_syslog(message, StructuredData::kElements, arrival.line);
  arrival.token = arrival.parsed ? parse_token(arrival.line.source) : find_token(message);
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

/// A cheap first test: few lines have structured data, or a host that is as long as a token.
bool Intake::is_loop(Arrival& arrival) {
  const LineView& line = arrival.line;
  const bool may_be_told = line.host.size() == kTokenSize || line.structured_data.size() > 1;
  return arrival.parsed && may_be_told && has_been_here(arrival);
}

/// Syslog drains write their tokens as host, or list in structured data which logs a line has passed. If this log is
/// not among them, the list stays with the line.
bool Intake::has_been_here(Arrival& arrival) {
  LineView& line = arrival.line;
  came_by_ = {};
  bool few = take_passed_elements(line.structured_data, other_elements_, came_by_);
  if (const auto drain = parse_token('d', line.host)) few = few && came_by_.add(passed_id(*drain));
  if (few && came_by_.ids().empty()) return false;
  if (few && !have_common(came_by_.ids(), own_ids(arrival.entry->token.channel))) {
    line.passed = came_by_.view();
    return false;
  }
  ++counters_.loops;
  refusals_.note(Refusal::kLoop, std::string("a syslog drain"));
  return true;
}

std::span<const std::uint64_t> Intake::own_ids(std::string_view channel) {
  own_ids_.assign(1, fabric_.identity().log_id);
  if (const std::uint64_t data_set = store_ == nullptr ? 0 : store_->data_set(); data_set != 0)
    own_ids_.push_back(data_set);
  if (const ChannelEntry* entry = config().channel(channel))
    for (const auto& drain : entry->drains) own_ids_.push_back(passed_id(drain->drain.token));
  for (const auto& drain : config().global_drains()) own_ids_.push_back(passed_id(drain->drain.token));
  return own_ids_;
}

/// Makes it a line of this source, without any valid token.
void Intake::complete(Arrival& arrival, std::string_view source) {
  LineView& line = arrival.line;
  if (!arrival.parsed) {
    ++counters_.wrapped;
    line = wrap(with_names(arrival.message, text_), now_text_.text(shard().wall_now()));
  } else if (has_room_for_token(line)) {
    for (std::string_view* field : {&line.time, &line.host, &line.process, &line.msgid}) name_tokens(*field);
    line.structured_data = with_names(line.structured_data, structured_data_);
  }
  line.source = source;
}

/// Docker's syslog driver, for one, writes the token into MSGID too.
void Intake::name_tokens(std::string_view& field) {
  const auto found = next_token(field, 0);
  const TokenEntry* entry = found ? tokens_.find(found->value) : nullptr;
  if (entry != nullptr) field = entry->source();
}

/// The text, or a copy in `out` in which names replace the valid tokens.
std::string_view Intake::with_names(std::string_view text, std::string& out) {
  out.clear();
  std::size_t copied = 0;
  for (auto found = next_token(text, 0); found; found = next_token(text, found->at + kTokenSize)) {
    const TokenEntry* entry = tokens_.find(found->value);
    if (entry == nullptr) continue;
    out.append(text.substr(copied, found->at - copied)).append(entry->source());
    copied = found->at + kTokenSize;
  }
  if (copied == 0) return text;
  out.append(text.substr(copied));
  return std::string_view(out).substr(0, kLargestText);
}

void Intake::append_as(SenderId sender, ChannelSlot channel, LineView line, std::size_t message_size) {
  line.received = shard().wall_now();
  WorkingFor::mention({Beneficiary::Kind::kChannel, channel.value});
  fabric_.append_from(channel, line, sender);
  ++counters_.lines;
  counters_.bytes += message_size;
  if (looks_at_delay()) delay_ = std::max(delay_, fabric_.ingress_delay(channel));
}

/// While memory is short, asking for the delay walks over all readers of the channel: 40 ns with ten (2026-11-29). So
/// in a long read only every fourth line asks; a channel with many lines is among these.
bool Intake::looks_at_delay() {
  const std::size_t line = since_delay_++;
  return line < kTogether || line % 4 == 0;
}

Duration Intake::take_delay() {
  since_delay_ = 0;
  return std::exchange(delay_, Duration{0});
}

void Intake::add_metrics(MetricsPage& page) const {
  const auto count = [&page](std::string_view name, std::string_view help, std::uint64_t value) {
    page.counter(name, help, static_cast<double>(value));
  };
  count("sluice_ingress_lines_total", "Lines taken in.", counters_.lines);
  count("sluice_ingress_bytes_total", "Bytes of the frames taken in.", counters_.bytes);
  count("sluice_ingress_lines_wrapped_total", "Lines that were not RFC 5424 and were kept as text.", counters_.wrapped);
  for (const auto& [reason, lines] :
       {std::pair{"no_token", counters_.no_token}, std::pair{"unknown_token", counters_.unknown_token},
        std::pair{"loop", counters_.loops}})
    page.counter("sluice_ingress_lines_refused_total",
                 "Lines refused: no token, a token of no channel, or a line that came back in a loop.",
                 static_cast<double>(lines), {{"reason", reason}});
  count("sluice_ingress_malformed_total", "Input that was not a log message, or was too long.", counters_.malformed);
  count("sluice_ingress_too_long_total", "Messages longer than ingress.frame_max.", counters_.too_long);
  refusals_.add_metrics(page);
}

}  // namespace sluice::ingress
