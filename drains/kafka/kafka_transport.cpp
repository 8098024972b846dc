#include "drains/kafka/kafka_transport.hpp"

#include <algorithm>
#include <array>

#include "drains/kinds/destination.hpp"
#include "logplex/net/tls/tls_material.hpp"

namespace sluice::drains {
namespace {

using Taken = KafkaProducer::Taken;

/// Batch sizes to try in turn if the broker finds batches too large; after the last one come single lines.
constexpr std::array<std::size_t, 2> kSmallerBatches = {64 << 10, 8 << 10};
/// About how much memory librdkafka needs for a message with our headers, besides its bytes.
constexpr std::size_t kMessageBytes = 640;
/// How long to remember the smallest line that was too large: the topic's limit may be raised.
constexpr std::chrono::minutes kRememberRefused{10};
/// How long to send single lines after a topic refused a record: it will probably refuse more, and each change of the
/// batch size costs a new producer.
constexpr std::chrono::minutes kSingleTime{1};

SendReport later() {
  SendReport report;
  report.verdict = Verdict::kLater;
  return report;
}

SendReport failed_report(Verdict verdict, ErrorClass error_class, std::string error) {
  SendReport report;
  report.verdict = verdict;
  report.error_class = error_class;
  report.error = std::move(error);
  return report;
}

}  // namespace

KafkaTransport::KafkaTransport(const DrainEnvironment& environment, KafkaHub& hub, const Drain& drain, KafkaUrl url,
                               std::string format)
    : environment_(environment),
      hub_(hub),
      drain_(drain),
      url_(std::move(url)),
      format_(std::move(format)),
      wake_up_(std::make_shared<KafkaWakeUp>(environment.shard.io(), static_cast<KafkaWakeUp::Owner&>(*this))) {}

KafkaTransport::~KafkaTransport() {
  wake_up_->close();
  close();
}

void KafkaTransport::on_wake_up() {
  if (wake_ != nullptr) wake_->set();
}

Task<SendReport> KafkaTransport::send(const Frame& frame) {
  // Lines that came back undelivered go first: nothing may overtake them.
  inspect_finished();
  if (failure_) {
    if (!all_finished()) co_return later();
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
    co_return failed_report(hopeless ? Verdict::kFatal : Verdict::kRetry,
                            hopeless ? ErrorClass::kConfiguration : ErrorClass::kLimit, ready.error().text());
  }
  // Lines under way in a dead producer have to come back first.
  co_return producer_fits() ? hand_over(frame) : later();
}

bool KafkaTransport::producer_fits() const {
  return producer_ != nullptr && !producer_->dead() && have_variant_ == variant_;
}

/// If another producer is needed while lines are still under way, this leaves the old one in place; producer_fits() is
/// then false.
Task<result<void, Error>> KafkaTransport::ensure_producer() {
  if (producer_fits()) co_return result<void, Error>();
  if (!all_finished()) co_return result<void, Error>();
  release_producer();
  const std::string owner = std::to_string(drain_.id) + "-" + std::to_string(environment_.shard.id());
  const KafkaVariant variant = variant_;
  auto own_key = co_await check_own_key();
  if (!own_key) co_return std::move(own_key).error();
  auto options = kafka_options(url_, drain_, environment_.settings, variant, owner);
  auto acquired = co_await hub_.acquire(std::move(options), drain_.channel);
  if (!acquired) co_return std::move(acquired).error();
  SLUICE_CO_TRY(auto topic, (*acquired)->topic(url_.topic));
  producer_ = std::move(*acquired);
  topic_ = std::move(topic);
  have_variant_ = variant;
  co_return result<void, Error>();
}

/// Needed for drains that were stored before the API checked keys.
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
  KafkaDeliveries& deliveries = deliveries_of(frame);
  switch (deliveries.handed_over ? Pass::kWhole : hand_over_lines(frame, deliveries)) {
    case Pass::kInPart:
      return later();
    case Pass::kMalformed:
      deliveries_.pop_back();
      return failed_report(Verdict::kRejected, ErrorClass::kConfiguration,
                           "the frame was written for another kind of receiver");
    case Pass::kWhole:
      break;
  }
  SendReport report;
  report.verdict = Verdict::kSent;
  return report;
}

KafkaDeliveries& KafkaTransport::deliveries_of(const Frame& frame) {
  const auto known = std::find_if(deliveries_.begin(), deliveries_.end(),
                                  [&frame](const auto& deliveries) { return deliveries->is_of(frame); });
  // Frames come in order. So the caller has dropped any earlier frame that was not completely handed over.
  const auto given_up =
      std::remove_if(deliveries_.begin(), known, [](const auto& deliveries) { return !deliveries->handed_over; });
  const bool is_new = known == deliveries_.end();
  const auto left = deliveries_.erase(given_up, known);
  if (!is_new) return **left;
  deliveries_.push_back(KafkaDeliveries::make(frame, wake_up_));
  return *deliveries_.back();
}

/// Continues where the last call stopped. Holds all remaining lines first, so that the frame cannot count as finished
/// in between.
KafkaTransport::Pass KafkaTransport::hand_over_lines(const Frame& frame, KafkaDeliveries& deliveries) {
  if (environment_.shard.now() >= forget_refused_at_) smallest_refused_ = kNothingRefused;
  auto& lines = deliveries.lines();
  const auto left = static_cast<std::uint32_t>(lines.size() - deliveries.next_line);
  const KafkaProducer::Labels labels{frame.id_text(), format_, url_.headers};
  std::uint32_t handed = 0;
  bool stopped = false;
  deliveries.hold(left);
  KafkaEntryReader entries(frame.bytes(), deliveries.next_byte);
  for (KafkaEntry entry; deliveries.next_line < lines.size() && entries.next(entry); ++deliveries.next_line) {
    KafkaDeliveries::Line& line = lines[deliveries.next_line];
    const Taken taken =
        line.outcome == KafkaDeliveries::kUntried ? hand_over_line(entry, labels, line) : Taken::kTooLarge;
    stopped = taken == Taken::kQueueFull || taken == Taken::kFailed;
    if (stopped) break;
    if (taken == Taken::kYes) ++handed;
    deliveries.next_byte = entries.offset();
  }
  producer_->handed_over(handed);
  deliveries.handed_over = !stopped && !entries.malformed();
  deliveries.release(left - handed);
  if (entries.malformed()) return Pass::kMalformed;
  return stopped ? Pass::kInPart : Pass::kWhole;
}

/// kTooLarge: the line is refused; go on with the next one. kFailed: nothing more can be handed over.
Taken KafkaTransport::hand_over_line(const KafkaEntry& entry, KafkaProducer::Labels labels,
                                     KafkaDeliveries::Line& line) {
  line.bytes = static_cast<std::uint32_t>(entry.bytes());
  Taken taken = Taken::kTooLarge;
  if (line.bytes < smallest_refused_) taken = producer_->produce(topic_, entry, labels, line);
  if (taken == Taken::kTooLarge) refuse(line);
  if (taken == Taken::kFailed) fail(std::exchange(line.outcome, KafkaDeliveries::kUntried));
  return taken;
}

/// The topic never accepts such a record, whatever its size.
void KafkaTransport::refuse_record(KafkaDeliveries::Line& line) {
  refused_.why = "topic " + url_.topic + " refused a line: " + kafka_error_text(line.outcome);
  refused_.error_class = error_class_of(KafkaFault::kRecord);
  line.outcome = KafkaDeliveries::kRefused;
}

void KafkaTransport::refuse(KafkaDeliveries::Line& line) {
  line.outcome = KafkaDeliveries::kRefused;
  refused_.error_class = error_class_of(KafkaFault::kTooLarge);
  if (line.bytes < smallest_refused_) forget_refused_at_ = environment_.shard.now() + kRememberRefused;
  smallest_refused_ = std::min<std::size_t>(smallest_refused_, line.bytes);
  refused_.why = "a line of " + std::to_string(line.bytes) + " bytes is too large for topic " + url_.topic;
}

void KafkaTransport::inspect_finished() {
  for (const auto& deliveries : deliveries_)
    if (deliveries->nothing_under_way() && !deliveries->inspected) inspect(*deliveries);
}

std::size_t KafkaTransport::take_confirmed() {
  inspect_finished();
  std::size_t frames = 0;
  while (!deliveries_.empty() && deliveries_.front()->inspected && deliveries_.front()->nothing_under_way()) {
    auto& lines = deliveries_.front()->lines();
    if (std::any_of(lines.begin(), lines.end(), [](const auto& line) { return !line.is_done(); })) break;
    refused_.lines += static_cast<std::uint64_t>(std::count_if(
        lines.begin(), lines.end(), [](const auto& line) { return line.outcome == KafkaDeliveries::kRefused; }));
    deliveries_.pop_front();
    ++frames;
  }
  if (deliveries_.empty()) take_larger_batches();
  return frames;
}

/// Called when all lines of a frame were reported: decides what to do with those that came back undelivered.
void KafkaTransport::inspect(KafkaDeliveries& deliveries) {
  deliveries.inspected = deliveries.handed_over;
  for (KafkaDeliveries::Line& line : deliveries.lines()) {
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

/// Keeps the most specific error: when a producer ends, most lines only report that it ended.
void KafkaTransport::fail(int error) {
  const KafkaFault fault = kafka_fault(error);
  if (failure_ && (*failure_ != KafkaFault::kFatal || fault == KafkaFault::kFatal)) return;
  failure_ = fault;
  failure_text_ = "topic " + url_.topic + ": " + kafka_error_text(error);
  if (fault != KafkaFault::kFatal || producer_ == nullptr) return;
  if (auto trouble = producer_->trouble()) failure_text_ = std::move(trouble->sentence);
}

/// Called when no line is under way: undelivered lines are handed over again, from the first frame on.
void KafkaTransport::begin_again() {
  const KafkaFault fault = *failure_;
  failure_.reset();
  for (const auto& deliveries : deliveries_) deliveries->begin_again();
  if (fault == KafkaFault::kTooLarge) return take_smaller_batches();
  if (fault == KafkaFault::kRecord) return take_single_lines();
  // If our topic ends the shared producer, use our own from now on, so that we do not disturb other drains again and
  // again.
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

/// Only with one line per batch is it known which line was refused.
void KafkaTransport::take_single_lines() {
  variant_.alone = true;
  variant_.batch_bytes = kSmallerBatches.back();
  variant_.single = true;
  refused_singly_ = false;
  single_until_ = environment_.shard.now() + kSingleTime;
}

/// Returns to larger batches once the offending lines are known: lines as large as those are now refused before they
/// get into a batch.
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
  if (oversized) return failed_report(Verdict::kFatal, ErrorClass::kLimit, failure_text_);
  SendReport report = failed_report(Verdict::kRetry, error_class_of(fault), failure_text_);
  report.untrusted = fault == KafkaFault::kTls && failure_text_.find("certificate") != std::string::npos;
  return report;
}

std::optional<Trouble> KafkaTransport::trouble() const {
  if (failure_) return Trouble{error_class_of(*failure_), failure_text_};
  if (deliveries_.empty() || producer_ == nullptr) return std::nullopt;
  auto trouble = producer_->trouble();
  if (!trouble) return std::nullopt;
  return Trouble{error_class_of(trouble->fault), std::move(trouble->sentence)};
}

std::uint64_t KafkaTransport::held_bytes() const {
  std::uint64_t bytes = 0;
  for (const auto& deliveries : deliveries_)
    if (!deliveries->nothing_under_way()) bytes += deliveries->next_byte + deliveries->next_line * kMessageBytes;
  return bytes;
}

bool KafkaTransport::all_finished() const {
  return std::all_of(deliveries_.begin(), deliveries_.end(),
                     [](const auto& deliveries) { return deliveries->nothing_under_way(); });
}

/// Lines under way may still be delivered, but their reports no longer count.
void KafkaTransport::close() {
  ++closings_;
  deliveries_.clear();
  failure_.reset();
  refused_ = {};
  release_producer();
}

}  // namespace sluice::drains
