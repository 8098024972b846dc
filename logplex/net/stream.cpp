#include "logplex/net/stream.hpp"

#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>

namespace sluice {

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

Task<error_code> ByteStream::discard_until_closed() {
  std::array<char, 512> ignored;
  for (;;) {
    const auto got = co_await read_some(ignored);
    if (!got) co_return got.error();
  }
}

CloseAfter::CloseAfter(ByteStream& stream, Duration time)
    : stream_(stream), deadline_(Shard::current().wheel(), &CloseAfter::fire, this) {
  deadline_.arm(time);
}

void CloseAfter::fire(void* self) {
  auto& limit = *static_cast<CloseAfter*>(self);
  limit.fired_ = true;
  limit.stream_.close();
}

}  // namespace sluice
