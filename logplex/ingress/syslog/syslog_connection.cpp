#include "logplex/ingress/syslog/syslog_connection.hpp"

#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "logplex/ingress/syslog/syslog_server.hpp"

namespace sluice::ingress {

SyslogConnection::SyslogConnection(SyslogServer& server, UniqueFd fd, const Peer& peer, ConnectionTicket ticket,
                                   std::size_t index)
    : Unproven(server.shard().wheel()),
      server_(server),
      fd_(std::move(fd)),
      ticket_(std::move(ticket)),
      peer_(peer),
      index_(index),
      splitter_(server.settings_.frame_max.count),
      kept_charge_(server.shard(), MemoryClass::kIngressBodies, *this),
      deadline_(server.shard().wheel(), *this) {}

SyslogConnection::~SyslogConnection() {
  if (fd_) server_.shard().poller().remove(fd_.fd(), *this);
}

bool SyslogConnection::start() { return server_.shard().poller().add(fd_.fd(), *this).has_value(); }

void SyslogConnection::ask_for_proof() {
  if (server_.unproven_ != nullptr) server_.unproven_->add(*this);
}

void SyslogConnection::on_events(std::uint32_t events) {
  if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) half_closed_ = true;
  if ((events & EPOLLIN) != 0 || half_closed_) readable_ = true;
  if (readable_ && state_ == State::kReading && !is_linked()) read();
}

std::size_t SyslogConnection::put_back_kept(char* buffer) {
  const std::size_t size = kept_.size();
  std::memcpy(buffer, kept_.data(), size);
  return size;
}

void SyslogConnection::read() {
  if (!server_.may_read()) return server_.read_later(*this);
  if (server_.intake_.fabric().outbox_full()) return pause(Wheel::kTick);
  read_now();
}

void SyslogConnection::read_on() {
  if (state_ == State::kReading) read();
}

void SyslogConnection::stop() {
  int arrived = 0;
  if (state_ != State::kReading || ::ioctl(fd_.fd(), FIONREAD, &arrived) != 0 || arrived == 0) return close();
  left_at_stop_ = kMostAtStop;
  server_.read_later(*this);
}

void SyslogConnection::read_now() {
  char* buffer = server_.buffer_.get();
  const std::size_t kept = put_back_kept(buffer);
  if (unfinished_) return take_kept({buffer, kept});
  std::size_t most = std::min(SyslogServer::kReadSize, server_.intake_.fabric().outbox_portion());
  if (server_.stopping_) most = std::min(most, left_at_stop_);
  const ssize_t got = ::recv(fd_.fd(), buffer + kept, most, 0);
  if (got < 0 && errno == EINTR) return server_.read_later(*this);
  if (got < 0 && errno == EAGAIN) {
    readable_ = false;
    if (server_.stopping_) close();
    return;
  }
  if (got <= 0) return end_of_input(got == 0);
  server_.spend(work_of_bytes(static_cast<std::size_t>(got)));
  note_activity();
  take_in({buffer, kept + static_cast<std::size_t>(got)});
  if (server_.stopping_) left_at_stop_ -= std::min(left_at_stop_, static_cast<std::size_t>(got));
  if (server_.stopping_ && left_at_stop_ == 0 && !unfinished_) return close();
  // A short read has emptied the socket, unless the end of the stream is still to be read.
  if (state_ == State::kReading) after_read(static_cast<std::size_t>(got) < most && !half_closed_);
}

void SyslogConnection::take_kept(std::string_view kept) {
  take_in(kept);
  if (server_.stopping_ && left_at_stop_ == 0 && !unfinished_) return close();
  if (state_ == State::kReading) after_read(false);
}

void SyslogConnection::take_in(std::string_view bytes) {
  splitter_.feed(bytes);
  if (!take_items()) return refuse(Refusal::kNoMessage);
  keep(bytes.substr(splitter_.consumed()));
}

void SyslogConnection::keep(std::string_view bytes) {
  kept_.assign(bytes);
  if (kept_.empty() && kept_.capacity() > sizeof(std::string)) std::string().swap(kept_);
  kept_charge_.set(kept_.empty() ? 0 : kept_.capacity());
}

/// False when the beginning of the next message cannot be found.
bool SyslogConnection::take_items() {
  Work work = 0;
  SyslogSplitter::Step last{};
  do {
    work += take_some(last);
    unfinished_ = last != SyslogSplitter::Step::kNeedMore && last != SyslogSplitter::Step::kLost;
  } while (unfinished_ && work < SyslogServer::kSlice);
  server_.spend(work);
  return last != SyslogSplitter::Step::kLost;
}

/// Takes up to kTogether items and appends their messages. Returns the work.
Work SyslogConnection::take_some(SyslogSplitter::Step& last) {
  using Step = SyslogSplitter::Step;
  std::array<std::string_view, Intake::kTogether> messages;
  std::size_t count = 0;
  std::size_t others = 0;
  while (count + others < messages.size()) {
    last = splitter_.next();
    if (last == Step::kNeedMore) break;
    message_ended_ = true;
    if (last == Step::kFrame) {
      messages[count++] = splitter_.frame();
      continue;
    }
    ++others;
    last == Step::kTooLong ? server_.intake_.count_too_long() : server_.intake_.count_malformed();
    if (last == Step::kLost) break;
  }
  const std::size_t lines = append({messages.data(), count});
  return lines * SyslogServer::kLineWork + (count + others - lines) * SyslogServer::kNothingWork;
}

std::size_t SyslogConnection::append(std::span<const std::string_view> messages) {
  const std::size_t lines = server_.intake_.append_addressed(messages);
  if (lines == 0) return 0;
  proven_ = true;
  leave_unproven();
  return lines;
}

void SyslogConnection::after_read(bool drained) {
  readable_ = !drained || server_.stopping_;
  const Duration delay = server_.intake_.take_delay();
  if (delay > Duration{0}) return pause(delay);
  if (unfinished_) return read_on_later();
  limit_message();
  if (readable_) server_.read_later(*this);
}

/// Complete messages are waiting in kept_, so no deadline runs.
void SyslogConnection::read_on_later() {
  readable_ = true;
  waits_for_end_ = false;
  deadline_.disarm();
  server_.read_later(*this);
}

/// Each message has its full time from its own first byte, however slowly the others came.
void SyslogConnection::limit_message() {
  const bool begun = std::exchange(message_ended_, false) || !deadline_.armed();
  waits_for_end_ = splitter_.may_be_whole();
  if (splitter_.at_boundary()) return deadline_.disarm();
  const SteadyTime now = server_.shard().now();
  if (begun) message_until_ = now + server_.settings_.idle_timeout;
  const Duration left = message_until_ - now;
  deadline_.arm(waits_for_end_ ? std::min<Duration>(kNulTime, left) : left);
}

void SyslogConnection::pause(Duration time) {
  state_ = State::kPaused;
  ++server_.counters_.paused;
  deadline_.arm(time);
}

void SyslogConnection::on_deadline() {
  if (state_ != State::kPaused) return on_message_time();
  state_ = State::kReading;
  // Bytes may have arrived during the pause, and the poller will not report them again: read.
  server_.read_later(*this);
}

void SyslogConnection::on_message_time() {
  if (std::exchange(waits_for_end_, false)) return take_rest();
  ++server_.counters_.idle_closed;
  refuse(Refusal::kSlowMessage);
}

/// Takes the kept bytes as a line without an end mark, if they are one.
void SyslogConnection::take_rest() {
  splitter_.feed(kept_);
  splitter_.next();
  if (splitter_.take_rest()) {
    const std::string_view message = splitter_.frame();
    append({&message, 1});
  }
  keep({});
}

void SyslogConnection::end_of_input(bool orderly) {
  splitter_.feed(kept_);
  if (orderly) take_rest();
  if (!splitter_.at_boundary()) ++server_.counters_.cut_short;
  close();
}

/// A busy shard may be late to read what a sender sent in time: so read first. A sender that we hold back gets its time
/// again.
void SyslogConnection::on_not_proven(NotProven why) {
  if (why == NotProven::kTooLate && state_ == State::kPaused) return ask_for_proof();
  if (why == NotProven::kTooLate) read_now();
  if (proven_ || state_ == State::kClosed) return;
  refuse(why == NotProven::kTooLate ? Refusal::kNoProof : Refusal::kCrowded);
}

/// A turn reads only so much, so bytes may still be unread. A connection that we hold back has sent some, too.
bool SyslogConnection::has_unread() {
  if (state_ == State::kPaused || is_linked()) return true;
  int arrived = 0;
  if (::ioctl(fd_.fd(), FIONREAD, &arrived) != 0 || arrived == 0) return false;
  readable_ = true;
  server_.read_later(*this);
  return true;
}

void SyslogConnection::give_up_memory(MemoryClass) { refuse(Refusal::kMemory); }

void SyslogConnection::refuse(Refusal why) {
  server_.intake_.refusals().note(why, peer_);
  close();
}

void SyslogConnection::close() {
  if (state_ == State::kClosed) return;
  state_ = State::kClosed;
  end_of_connection();
  keep({});
  deadline_.disarm();
  server_.shard().poller().remove(fd_.fd(), *this);
  fd_.reset();
  server_.remove(*this);
}

}  // namespace sluice::ingress
