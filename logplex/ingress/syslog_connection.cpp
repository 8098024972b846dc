#include "logplex/ingress/syslog_connection.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "logplex/ingress/syslog_server.hpp"

namespace sluice {

SyslogConnection::SyslogConnection(SyslogServer& server, UniqueFd fd, ConnectionTicket ticket, std::size_t index)
    : server_(server),
      fd_(std::move(fd)),
      ticket_(std::move(ticket)),
      index_(index),
      splitter_(server.settings_.frame_max.count),
      deadline_(server.shard().wheel(), &SyslogConnection::on_deadline, this) {}

SyslogConnection::~SyslogConnection() {
  if (fd_) server_.shard().poller().remove(fd_.fd(), *this);
}

bool SyslogConnection::start() { return server_.shard().poller().add(fd_.fd(), *this).has_value(); }

void SyslogConnection::on_events(std::uint32_t events) {
  if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) half_closed_ = true;
  if ((events & EPOLLIN) != 0 || half_closed_) readable_ = true;
  if (readable_ && state_ == State::kReading && !in_backlog_) read();
}

std::size_t SyslogConnection::put_back_kept(char* buffer) {
  const std::size_t size = kept_.size();
  std::memcpy(buffer, kept_.data(), size);
  return size;
}

void SyslogConnection::read() {
  if (!server_.may_read()) return server_.read_later(*this);
  if (server_.intake_.fabric().outbox_full()) return pause(Wheel::kTick);
  char* buffer = server_.buffer_.get();
  const std::size_t kept = put_back_kept(buffer);
  const std::size_t most = std::min(SyslogServer::kReadSize, server_.intake_.fabric().outbox_portion());
  const ssize_t got = ::recv(fd_.fd(), buffer + kept, most, 0);
  if (got < 0 && errno == EINTR) return server_.read_later(*this);
  if (got < 0 && errno == EAGAIN) {
    readable_ = false;
    return;
  }
  if (got <= 0) return end_of_input();
  server_.read_this_turn_ += static_cast<std::size_t>(got);
  take_in({buffer, kept + static_cast<std::size_t>(got)});
  // A short read has emptied the socket, unless the end of the stream is still to be read.
  after_read(static_cast<std::size_t>(got) < most && !half_closed_);
}

void SyslogConnection::take_in(std::string_view bytes) {
  splitter_.feed(bytes);
  std::array<std::string_view, Intake::kTogether> frames;
  std::size_t count = 0;
  for (;;) {
    const auto step = splitter_.next();
    if (step == FrameSplitter::Step::kFrame) frames[count++] = splitter_.frame();
    if (step == FrameSplitter::Step::kMalformed) server_.intake_.count_malformed();
    const bool more = step != FrameSplitter::Step::kNeedMore;
    if (more && count < frames.size()) continue;
    server_.intake_.append_addressed({frames.data(), std::exchange(count, 0)});
    if (!more) break;
  }
  kept_.assign(bytes.substr(splitter_.consumed()));
  if (kept_.empty() && kept_.capacity() > sizeof(std::string)) std::string().swap(kept_);
}

void SyslogConnection::after_read(bool drained) {
  readable_ = !drained;
  const Duration delay = server_.intake_.take_delay();
  if (delay > Duration{0}) return pause(delay);
  if (splitter_.at_boundary())
    deadline_.disarm();
  else
    deadline_.arm(server_.settings_.idle_timeout);
  if (readable_) server_.read_later(*this);
}

void SyslogConnection::pause(Duration time) {
  state_ = State::kPaused;
  ++server_.counters_.paused;
  deadline_.arm(time);
}

void SyslogConnection::on_deadline(void* self) {
  auto& connection = *static_cast<SyslogConnection*>(self);
  if (connection.state_ == State::kPaused) {
    connection.state_ = State::kReading;
    // An edge may have come and gone meanwhile: look.
    connection.server_.read_later(connection);
    return;
  }
  ++connection.server_.counters_.idle_closed;
  connection.close();
}

void SyslogConnection::end_of_input() {
  if (!splitter_.at_boundary()) ++server_.counters_.cut_short;
  close();
}

void SyslogConnection::close() {
  if (state_ == State::kClosed) return;
  state_ = State::kClosed;
  deadline_.disarm();
  server_.shard().poller().remove(fd_.fd(), *this);
  fd_.reset();
  server_.remove(*this);
}

}  // namespace sluice
