#include "drains/delivery/frame_sender.hpp"

#include <utility>

namespace sluice::drains {

FrameSender::FrameSender(Shard& shard, const DrainSettings& settings, FrameQueue& frames, DeliveryAccount& account,
                         UntrustedNotice untrusted)
    : OnShard(shard),
      settings_(settings),
      frames_(frames),
      account_(account),
      untrusted_(untrusted),
      pace_(Backoff(settings.backoff_min, settings.backoff_max)) {}

void FrameSender::use(std::unique_ptr<Transport> transport, Event& wake) {
  transport_ = std::move(transport);
  windowed_ = transport_->windowed();
  if (windowed_ != nullptr) windowed_->wake_with(wake);
}

Task<SendReport> FrameSender::send_next() {
  closed_ = false;
  sending_since_ = shard().clock().steady();
  return transport_->send(frames_.next());
}

FrameSender::Progress FrameSender::settle(const SendReport& report) {
  const Duration took = shard().clock().steady() - sending_since_;
  account_.note_latency(took);
  if (report.verdict == Verdict::kDelivered) batch_limit_.on_delivered(took, settings_.http_timeout);
  apply(report);
  charge_copies();
  if (report.verdict == Verdict::kLater) return Progress::kFull;
  if (report.verdict == Verdict::kRetry || report.verdict == Verdict::kFatal) return Progress::kFailed;
  return take_confirmed();
}

void FrameSender::apply(const SendReport& report) {
  switch (report.verdict) {
    case Verdict::kDelivered:
      return on_delivered(1);
    case Verdict::kSent:
      return frames_.note_sent();
    case Verdict::kLater:
      return note_trouble();
    case Verdict::kSplit:
      return split_next();
    case Verdict::kRejected:
      account_.fail(report.error_class, report.error);
      return reject_next();
    case Verdict::kRetry:
      return on_broken(report);
    case Verdict::kFatal:
      on_broken(report);
      return account_.disable();
  }
}

bool FrameSender::send_now() {
  if (windowed_ == nullptr) return false;
  if (frames_.sent() > 0) {
    if (const std::size_t confirmed = windowed_->take_confirmed(); confirmed > 0) on_delivered(confirmed);
    if (windowed_->broken()) return false;
  }
  const bool was_idle = frames_.sent() == 0;
  const SteadyTime before = shard().clock().steady();
  while (!frames_.all_sent() && has_room()) {
    if (frames_.next().folded_bytes > 0 || !windowed_->send_now(frames_.next())) return false;
    frames_.note_sent();
  }
  account_.note_latency(shard().clock().steady() - before);
  // A task that was idle still sleeps for a long time: wake it, so that it polls for confirmations.
  return frames_.all_sent() && !was_idle;
}

FrameSender::Progress FrameSender::take_confirmed() {
  if (windowed_ == nullptr || frames_.sent() == 0) return Progress::kWell;
  if (const std::size_t confirmed = windowed_->take_confirmed(); confirmed > 0) on_delivered(confirmed);
  account_.refuse(windowed_->take_refused(), shard().wall_now());
  note_trouble();
  if (!windowed_->broken()) return Progress::kWell;
  on_broken(windowed_->break_report());
  return pace_.must_wait_after_break() ? Progress::kFailed : Progress::kBroke;
}

void FrameSender::note_trouble() {
  auto trouble = windowed_ != nullptr ? windowed_->trouble() : std::nullopt;
  if (trouble) account_.note_trouble(*std::move(trouble));
}

void FrameSender::on_delivered(std::size_t frames) {
  frames_.confirm(frames);
  account_.succeed(shard().wall_now());
  pace_.on_delivered();
  untrusted_.begin_anew();
}

void FrameSender::on_broken(const SendReport& report) {
  frames_.unsend();
  account_.fail(report.error_class, report.error);
  pace_.ask(report.retry_after);
  if (report.untrusted) untrusted_.write(report.error);
  if (report.smaller) make_smaller();
}

bool FrameSender::next_is_too_large() const {
  const Frame& next = frames_.next();
  return batch_limit_.is_exceeded_by(next.bytes().size()) && next.messages() > 1;
}

void FrameSender::split_next() {
  if (frames_.split_next()) return;
  account_.fail("a single line is too large for the receiver");
  reject_next();
}

void FrameSender::reject_next() {
  frames_.reject_next();
  pace_.shorten();
}

/// Without this, a receiver that is too slow for a batch would be sent the same batch for ever, and might process it
/// many times. If the connection was closed on purpose, nobody knows how slow the receiver is.
void FrameSender::make_smaller() {
  if (closed_ || frames_.empty() || frames_.frames().front().messages() < 2) return;
  batch_limit_.on_timeout(frames_.frames().front().bytes().size());
  split_next();
}

void FrameSender::begin_anew() {
  close();
  frames_.unsend();
  pace_.shorten();
  untrusted_.begin_anew();
}

void FrameSender::close() {
  closed_ = true;
  if (transport_ != nullptr) transport_->close();
}

void FrameSender::tend() {
  if (transport_ != nullptr && frames_.sent() == 0) transport_->tend();
}

}  // namespace sluice::drains
