#include "drains/syslog/syslog_transport.hpp"

#include <algorithm>
#include <string>

#include "logplex/net/net_error.hpp"

namespace sluice::drains {
namespace {

/// How many frames may be sent but not acknowledged: enough for a high round-trip time, few enough to send again.
constexpr std::size_t kWindow = 16;
/// How often to poll while a frame is not acknowledged, and while all are and the connection still has to prove itself.
constexpr std::chrono::milliseconds kAcknowledgePoll{8};
constexpr std::chrono::milliseconds kProofPoll{100};
/// A slow receiver gets its bytes in pieces of this size, each with the send timeout. So the timeout measures whether
/// the receiver takes anything, not how large a frame is.
constexpr std::size_t kSlowPiece = 4 << 10;

Error lost(NetError code, const char* sentence) { return {code, sentence}; }

}  // namespace

SyslogTransport::SyslogTransport(const DrainEnvironment& environment, const Drain& drain, Destination destination)
    : link_(environment, drain, std::move(destination),
            {environment.settings.syslog_connect_timeout, environment.settings.syslog_idle_timeout}),
      token_(drain_token_text(drain)) {}

std::size_t SyslogTransport::window() const {
  const bool comes_to_rest = stream_ != nullptr && !ends_.empty() && link_.is_old();
  if (comes_to_rest) return ends_.size();
  return arrived() + kWindow;
}

Duration SyslogTransport::confirm_poll() const {
  const bool all_acknowledged = !ends_.empty() && ends_.back() <= acknowledged_;
  if (!all_acknowledged || proven_) return kAcknowledgePoll;
  return std::clamp<Duration>(proven_at_ - link_.shard().now(), kAcknowledgePoll, kProofPoll);
}

bool SyslogTransport::usable() const { return stream_ != nullptr && stream_->is_open() && !stream_->peer_closed(); }

Task<SendReport> SyslogTransport::send(const Frame& frame) {
  auto connected = co_await ensure_connected();
  if (!connected) co_return failed_attempt(connected.error());
  write_what_fits(frame);
  if (begun_ < frame.bytes().size()) {
    std::string_view rest = frame.bytes().substr(begun_);
    // While this task waits, other drains write their tokens into a shared body.
    std::string own;
    if (frame.shared) rest = own.assign(rest);
    auto sent = co_await write(rest);
    if (!sent) {
      lose_connection();
      co_return failed_attempt(sent.error());
    }
  }
  note_sent(frame);
  SendReport report;
  report.verdict = Verdict::kSent;
  co_return report;
}

bool SyslogTransport::send_now(const Frame& frame) {
  if (slow_ || !usable() || link_.is_old() || (ends_.empty() && link_.is_idle())) return false;
  write_what_fits(frame);
  if (begun_ < frame.bytes().size()) return false;
  note_sent(frame);
  return true;
}

void SyslogTransport::write_what_fits(const Frame& frame) {
  if (frame.shared) frame.shared->address_to(token_);
  if (!slow_) begun_ += stream_->write_now(frame.bytes().substr(begun_));
}

void SyslogTransport::note_sent(const Frame& frame) {
  begun_ = 0;
  if (ends_.empty()) progress_at_ = link_.shard().now();
  written_ += frame.bytes().size();
  ends_.push_back(written_);
}

/// If the connection ended with unconfirmed frames, this reports an error, so that the caller sends them again before
/// new ones.
Task<result<void, Error>> SyslogTransport::ensure_connected() {
  const bool owed = !ends_.empty();
  if (usable() && (owed || (!link_.is_old() && !link_.is_idle()))) co_return result<void, Error>();
  lose_connection();
  broken_ = false;
  if (owed) co_return lost(NetError::kClosed, "the receiver closed the connection before it had everything");
  auto stream = co_await link_.dial();
  if (!stream) co_return stream.error();
  stream_ = std::move(*stream);
  written_ = acknowledged_ = 0;
  proven_ = false;
  proven_at_ = link_.shard().now() + kProofTime;
  co_return result<void, Error>();
}

Task<result<void, Error>> SyslogTransport::write(std::string_view bytes) {
  const std::size_t piece = slow_ ? kSlowPiece : bytes.size();
  while (!bytes.empty()) {
    CloseAfter limit(*stream_, link_.environment().settings.syslog_send_timeout);
    const auto written = co_await stream_->write_all(bytes.substr(0, piece));
    if (limit.fired()) {
      slow_ = true;
      co_return lost(NetError::kTimedOut, "the receiver took nothing in time");
    }
    if (!written) co_return lost(NetError::kClosed, "the receiver closed the connection");
    bytes.remove_prefix(std::min(piece, bytes.size()));
  }
  co_return result<void, Error>();
}

std::size_t SyslogTransport::take_confirmed() {
  if (stream_ == nullptr || !stream_->is_open()) {
    lose_connection();
    return 0;
  }
  Heard heard = proven_ ? Heard::kNothing : look_for_proof();
  std::size_t frames = count_confirmed();
  if (ends_.empty()) {
    if (frames > 0) link_.touch();
    return frames;
  }
  if (proven_ && heard == Heard::kNothing) heard = stream_->hear_out();
  if (is_stuck() || heard != Heard::kNothing) {
    frames += count_confirmed();  // frames acknowledged just before the end
    lose_connection();
  }
  if (frames > 0) link_.touch();
  return frames;
}

/// A peer that closes the connection in an orderly way has read what its TCP acknowledged.
Heard SyslogTransport::look_for_proof() {
  const Heard heard = stream_->hear_out();
  const bool stands = heard == Heard::kNothing && link_.shard().now() >= proven_at_;
  proven_ = stands || heard == Heard::kEnd;
  return heard;
}

void SyslogTransport::note_acknowledged() {
  const std::uint64_t waiting = std::min<std::uint64_t>(stream_->unacked_bytes(), written_);
  if (written_ - waiting > acknowledged_) {
    acknowledged_ = written_ - waiting;
    progress_at_ = link_.shard().now();
  }
}

std::size_t SyslogTransport::count_confirmed() {
  note_acknowledged();
  const std::uint64_t unread = proven_ ? 0 : std::min(acknowledged_, kUnreadAtMost);
  std::size_t frames = 0;
  for (; !ends_.empty() && ends_.front() <= acknowledged_ - unread; ++frames) ends_.pop_front();
  return frames;
}

std::size_t SyslogTransport::arrived() const {
  return static_cast<std::size_t>(std::ranges::upper_bound(ends_, acknowledged_) - ends_.begin());
}

/// Closes the stream without destroying it: a write may be under way, and ends now.
void SyslogTransport::lose_connection() {
  broken_ = broken_ || !ends_.empty();
  begun_ = 0;
  ends_.clear();
  if (stream_ == nullptr || !stream_->is_open()) return;
  static_cast<void>(stream_->hear_out());
  stream_->close();
}

bool SyslogTransport::is_stuck() const {
  const bool waits_for_proof = ends_.back() <= acknowledged_;
  return !waits_for_proof && link_.shard().now() - progress_at_ > link_.environment().settings.syslog_send_timeout;
}

void SyslogTransport::tend() {
  if (stream_ == nullptr || !ends_.empty()) return;
  if (stream_->hear_out() != Heard::kNothing || !usable() || link_.is_idle() || link_.is_old()) close();
}

void SyslogTransport::close() {
  link_.give_up_dial();
  lose_connection();
  broken_ = false;
}

}  // namespace sluice::drains
