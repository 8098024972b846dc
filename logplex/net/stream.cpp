#include "logplex/net/stream.hpp"

#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>

namespace sluice {
namespace {

/// Each extension of a limit that passed while bytes of the peer were unread.
constexpr std::chrono::milliseconds kLook{20};

}  // namespace

std::size_t ByteStream::unacked_bytes() const {
  int bytes = 0;
  if (::ioctl(fd(), SIOCOUTQ, &bytes) != 0 || bytes < 0) return 0;
  return static_cast<std::size_t>(bytes);
}

bool ByteStream::peer_closed() const {
  if (!is_open()) return true;
  pollfd state{fd(), POLLRDHUP, 0};
  return ::poll(&state, 1, 0) < 0 || (state.revents & (POLLRDHUP | POLLHUP | POLLERR | POLLNVAL)) != 0;
}

Task<result<void>> ByteStream::write_all(std::string_view first, std::string_view second) {
  const std::array<std::string_view, 2> parts{first, second};
  const auto written = co_await write_parts(parts);
  co_return written;
}

bool ByteStream::has_news() const {
  pollfd state{fd(), POLLIN | POLLRDHUP, 0};
  return ::poll(&state, 1, 0) != 0;
}

CloseAfter::CloseAfter(ByteStream& stream, Duration time)
    : stream_(stream), grace_(time), deadline_(Shard::current().wheel(), *this) {
  deadline_.arm(time);
}

void CloseAfter::on_time() {
  if (grace_ > Duration::zero() && stream_.is_open() && stream_.has_news()) {
    grace_ -= kLook;
    deadline_.arm(kLook);
    return;
  }
  fired_ = true;
  stream_.close();
}

}  // namespace sluice
