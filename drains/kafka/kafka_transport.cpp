#include "drains/kafka/kafka_transport.hpp"

#include <algorithm>
#include <array>

#include "drains/kinds/destination.hpp"
#include "logplex/net/tls/tls_material.hpp"

namespace sluice::drains {
namespace {

using Taken = KafkaProducer::Taken;

/// Sizes of batches tried in turn when the broker finds them too large; behind the last come single lines.
constexpr std::array<std::size_t, 2> kSmallerBatches = {64 << 10, 8 << 10};
/// What librdkafka needs for a message with our headers beside its bytes, about.
constexpr std::size_t kMessageBytes = 640;
/// A topic may be allowed larger messages later.
constexpr std::chrono::minutes kRememberRefused{10};
/// A topic that refused one record for what it is will refuse more; each change of the batches costs a new producer.
constexpr std::chrono::minutes kSingleTime{1};

SendReport later() {
  SendReport report;
  report.verdict = Verdict::kLater;
  return report;
}

SendReport failed_report(Verdict verdict, std::string_view error_class, std::string error) {
  SendReport report;
  report.verdict = verdict;
  report.error_class = error_class;
  report.error = std::move(error);
  return report;
}

}  // namespace

KafkaTransport::KafkaTransport(const DrainEnvironment& environment, const Drain& drain, KafkaUrl url,
                               std::string format)
    : environment_(environment),
      drain_(drain),
      url_(std::move(url)),
      format_(std::move(format)),
      door_(std::make_shared<KafkaDoor>(environment.shard.io(), static_cast<KafkaDoor::Owner&>(*this))) {}

KafkaTransport::~KafkaTransport() {
  door_->close();
  close();
}

void KafkaTransport::on_knock() {
  if (wake_ != nullptr) wake_->set();
}

Task<SendReport> KafkaTransport::send(const Frame& frame) {
  // What came back goes first: nothing may overtake it.
  inspect_landed();
  if (failure_) {
    if (!all_landed()) co_return later();
    SendReport report = break_report();
    begin_again();
    if (report.verdict == Verdict::kFatal) release_producer();
    co_return report;
  }
  const std::uint64_t closings = closings_;
  auto ready = co_await ensure_producer();
  if (closings != closings_) co_return later();
  if (!ready) {
    const bool hopeless = ready.error().code == make_error_code(boost::system::errc::invalid_argument);
    co_return failed_report(hopeless ? Verdict::kFatal : Verdict::kRetry, hopeless ? "configuration" : "limit",
                            ready.error().text());
  }
  // What is under way in a dead producer comes back first.
  co_return producer_fits() ? hand_over(frame) : later();
}

bool KafkaTransport::producer_fits() const {
  return producer_ != nullptr && !producer_->dead() && have_variant_ == variant_;
}

/// Leaves producer_ empty when another one is needed but lines are still under way in the present one.
Task<result<void, Error>> KafkaTransport::ensure_producer() {
  if (producer_fits()) co_return result<void, Error>();
  if (!all_landed()) co_return result<void, Error>();
  release_producer();
  const std::string owner = std::to_string(drain_.id) + "-" + std::to_string(environment_.shard.id());
  const KafkaVariant variant = variant_;
  auto own_key = co_await check_own_key();
  if (!own_key) co_return std::move(own_key).error();
  auto options = kafka_options(url_, drain_, environment_.settings, variant, owner);
  auto acquired = co_await environment_.kafka->acquire(std::move(options), drain_.channel);
  if (!acquired) co_return std::move(acquired).error();
  SLUICE_CO_TRY(auto topic, (*acquired)->topic(url_.topic));
  producer_ = std::move(*acquired);
  topic_ = std::move(topic);
  have_variant_ = variant;
  co_return result<void, Error>();
}

/// What was stored before keys were checked at the door.
Task<result<void, Error>> KafkaTransport::check_own_key() {
  if (key_checked_ || (drain_.client_cert.empty() && drain_.client_key.empty())) co_return result<void, Error>();
  auto step = [check = TlsMaterialCheck({}, drain_.client_cert, drain_.client_key)]() mutable { return check.step(); };
  const auto verdict = co_await environment_.tls_lane.run_in_steps(drain_.channel, std::move(step));
  if (!verdict) co_return Error{verdict.error(), "too many certificates are being read"};
  if (verdict->fault) co_return Error{make_error_code(boost::system::errc::invalid_argument), verdict->fault->sentence};
  key_checked_ = true;
  co_return result<void, Error>();
}

void KafkaTransport::release_producer() {
  topic_.reset();
  producer_.reset();
}

SendReport KafkaTransport::hand_over(const Frame& frame) {
  KafkaFlight& flight = flight_of(frame);
  switch (flight.handed_over ? Pass::kWhole : hand_over_lines(frame, flight)) {
    case Pass::kInPart:
      return later();
    case Pass::kMalformed:
      flights_.pop_back();
      return failed_report(Verdict::kRejected, "configuration", "the frame was written for another kind of receiver");
    case Pass::kWhole:
      break;
  }
  SendReport report;
  report.verdict = Verdict::kSent;
  return report;
}

KafkaFlight& KafkaTransport::flight_of(const Frame& frame) {
  const auto known =
      std::find_if(flights_.begin(), flights_.end(), [&frame](const auto& flight) { return flight->is_of(frame); });
  // Frames come in order: one before this that was not handed over whole was given up by the caller.
  const auto given_up =
      std::remove_if(flights_.begin(), known, [](const auto& flight) { return !flight->handed_over; });
  const bool is_new = known == flights_.end();
  const auto left = flights_.erase(given_up, known);
  if (!is_new) return **left;
  flights_.push_back(KafkaFlight::make(frame, door_));
  return *flights_.back();
}

/// Goes on where it stopped. Held for all lines that are left, so that the flight cannot land meanwhile.
KafkaTransport::Pass KafkaTransport::hand_over_lines(const Frame& frame, KafkaFlight& flight) {
  if (environment_.shard.now() >= forget_refused_at_) smallest_refused_ = kNothingRefused;
  auto& lines = flight.lines();
  const auto left = static_cast<std::uint32_t>(lines.size() - flight.next_line);
  const KafkaProducer::Labels labels{frame.id_text(), format_, url_.headers};
  std::uint32_t handed = 0;
  bool stopped = false;
  flight.hold(left);
  KafkaEntryReader entries(frame.bytes(), flight.next_byte);
  for (KafkaEntry entry; flight.next_line < lines.size() && entries.next(entry); ++flight.next_line) {
    KafkaFlight::Line& line = lines[flight.next_line];
    const Taken taken = line.outcome == KafkaFlight::kUntried ? hand_over_line(entry, labels, line) : Taken::kTooLarge;
    stopped = taken == Taken::kQueueFull || taken == Taken::kFailed;
    if (stopped) break;
    if (taken == Taken::kYes) ++handed;
    flight.next_byte = entries.offset();
  }
  producer_->handed_over(handed);
  flight.handed_over = !stopped && !entries.malformed();
  flight.let_go(left - handed);
  if (entries.malformed()) return Pass::kMalformed;
  return stopped ? Pass::kInPart : Pass::kWhole;
}

/// kTooLarge: it is refused, and the next one comes. kFailed: nothing more can be handed over.
Taken KafkaTransport::hand_over_line(const KafkaEntry& entry, KafkaProducer::Labels labels, KafkaFlight::Line& line) {
  line.bytes = static_cast<std::uint32_t>(entry.bytes());
  Taken taken = Taken::kTooLarge;
  if (line.bytes < smallest_refused_) taken = producer_->produce(topic_, entry, labels, line);
  if (taken == Taken::kTooLarge) refuse(line);
  if (taken == Taken::kFailed) fail(std::exchange(line.outcome, KafkaFlight::kUntried));
  return taken;
}

/// The topic takes lines like it never, whatever their size.
void KafkaTransport::refuse_record(KafkaFlight::Line& line) {
  refused_.why = "topic " + url_.topic + " does not take a line: " + kafka_error_text(line.outcome);
  refused_.error_class = to_string(KafkaFault::kRecord);
  line.outcome = KafkaFlight::kRefused;
}

void KafkaTransport::refuse(KafkaFlight::Line& line) {
  line.outcome = KafkaFlight::kRefused;
  refused_.error_class = to_string(KafkaFault::kTooLarge);
  if (line.bytes < smallest_refused_) forget_refused_at_ = environment_.shard.now() + kRememberRefused;
  smallest_refused_ = std::min<std::size_t>(smallest_refused_, line.bytes);
  refused_.why = "a line of " + std::to_string(line.bytes) + " bytes is too large for topic " + url_.topic;
}

void KafkaTransport::inspect_landed() {
  for (const auto& flight : flights_)
    if (flight->landed() && !flight->inspected) inspect(*flight);
}

std::size_t KafkaTransport::take_confirmed() {
  inspect_landed();
  std::size_t frames = 0;
  while (!flights_.empty() && flights_.front()->inspected && flights_.front()->landed()) {
    auto& lines = flights_.front()->lines();
    if (std::any_of(lines.begin(), lines.end(), [](const auto& line) { return !line.is_done(); })) break;
    refused_.lines += static_cast<std::uint64_t>(std::count_if(
        lines.begin(), lines.end(), [](const auto& line) { return line.outcome == KafkaFlight::kRefused; }));
    flights_.pop_front();
    ++frames;
  }
  if (flights_.empty()) take_larger_batches();
  return frames;
}

/// Of a flight that has landed: judges the lines that came back.
void KafkaTransport::inspect(KafkaFlight& flight) {
  flight.inspected = flight.handed_over;
  for (KafkaFlight::Line& line : flight.lines()) {
    if (!line.is_failed()) continue;
    const KafkaFault fault = kafka_fault(line.outcome);
    if (have_variant_.single && fault == KafkaFault::kTooLarge) {
      refused_singly_ = true;
      refuse(line);
    } else if (have_variant_.single && fault == KafkaFault::kRecord) {
      refuse_record(line);
    } else {
      fail(line.outcome);
    }
  }
}

/// The most telling error counts: when a producer ends, most lines only say that it did.
void KafkaTransport::fail(int error) {
  const KafkaFault fault = kafka_fault(error);
  if (failure_ && (*failure_ != KafkaFault::kFatal || fault == KafkaFault::kFatal)) return;
  failure_ = fault;
  failure_text_ = "topic " + url_.topic + ": " + kafka_error_text(error);
  if (fault != KafkaFault::kFatal || producer_ == nullptr) return;
  if (auto trouble = producer_->trouble()) failure_text_ = std::move(trouble->sentence);
}

/// Everything has landed: what was not delivered is handed over again, from the first frame on.
void KafkaTransport::begin_again() {
  const KafkaFault fault = *failure_;
  failure_.reset();
  for (const auto& flight : flights_) flight->begin_again();
  if (fault == KafkaFault::kTooLarge) return take_smaller_batches();
  if (fault == KafkaFault::kRecord) return take_single_lines();
  // A topic of ours that ends the producer must not end that of others again and again.
  if (fault != KafkaFault::kFatal && producer_ != nullptr && producer_->dead()) variant_.alone = true;
}

void KafkaTransport::take_smaller_batches() {
  variant_.alone = true;
  for (const std::size_t bytes : kSmallerBatches) {
    if (have_variant_.batch_bytes != 0 && have_variant_.batch_bytes <= bytes) continue;
    variant_.batch_bytes = bytes;
    return;
  }
  variant_.single = true;
  refused_singly_ = false;
}

/// Which line of a batch it was is known only when each has one of its own.
void KafkaTransport::take_single_lines() {
  variant_.alone = true;
  variant_.batch_bytes = kSmallerBatches.back();
  variant_.single = true;
  refused_singly_ = false;
  single_until_ = environment_.shard.now() + kSingleTime;
}

/// Lines that were known to be too large are refused before they spoil a batch: larger ones may pass again.
void KafkaTransport::take_larger_batches() {
  const bool record_refused = single_until_ != SteadyTime{};
  if (record_refused && environment_.shard.now() < single_until_) return;
  if (!variant_.single || (!refused_singly_ && !record_refused)) return;
  single_until_ = {};
  variant_.single = false;
  variant_.batch_bytes = kSmallerBatches.front();
}

Refused KafkaTransport::take_refused() {
  if (refused_.lines == 0) return {};
  return std::exchange(refused_, {});
}

SendReport KafkaTransport::break_report() const {
  const KafkaFault fault = failure_.value_or(KafkaFault::kOther);
  const bool oversized = fault == KafkaFault::kFatal && producer_ != nullptr && producer_->is_oversized();
  if (oversized) return failed_report(Verdict::kFatal, "limit", failure_text_);
  SendReport report = failed_report(Verdict::kRetry, to_string(fault), failure_text_);
  report.untrusted = fault == KafkaFault::kTls && failure_text_.find("certificate") != std::string::npos;
  return report;
}

std::optional<Trouble> KafkaTransport::trouble() const {
  if (failure_) return Trouble{to_string(*failure_), failure_text_};
  if (flights_.empty() || producer_ == nullptr) return std::nullopt;
  auto trouble = producer_->trouble();
  if (!trouble) return std::nullopt;
  return Trouble{to_string(trouble->fault), std::move(trouble->sentence)};
}

std::uint64_t KafkaTransport::held_bytes() const {
  std::uint64_t bytes = 0;
  for (const auto& flight : flights_)
    if (!flight->landed()) bytes += flight->next_byte + flight->next_line * kMessageBytes;
  return bytes;
}

bool KafkaTransport::all_landed() const {
  return std::all_of(flights_.begin(), flights_.end(), [](const auto& flight) { return flight->landed(); });
}

/// Lines under way are still delivered, but nobody counts them any more.
void KafkaTransport::close() {
  ++closings_;
  flights_.clear();
  failure_.reset();
  refused_ = {};
  release_producer();
}

result<std::unique_ptr<Transport>, Error> make_kafka_transport(const Drain& drain,
                                                               const DrainEnvironment& environment) {
  if (environment.kafka == nullptr)
    return Error{make_error_code(boost::system::errc::invalid_argument), "there are no Kafka drains here"};
  SLUICE_TRY(KafkaUrl url, parse_kafka_url(drain.url.reveal()));
  const std::string format = drain.format.empty() ? "rfc5424" : drain.format;
  return std::make_unique<KafkaTransport>(environment, drain, std::move(url), format);
}

}  // namespace sluice::drains
