#include "logplex/net/datagram_listener.hpp"

#include <linux/sock_diag.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "logplex/net/address_text.hpp"
#include "logplex/net/bound_socket.hpp"

namespace sluice {
namespace {

constexpr std::size_t kLongestDatagram = 64 << 10;

}  // namespace

DatagramListener::DatagramListener(Shard& shard, UniqueFd bound, DatagramHandler& handler)
    : OnShard(shard),
      fd_(std::move(bound)),
      handler_(handler),
      port_(peer_of(local_address(fd_.fd())).port),
      buffer_(new char[kLongestDatagram]) {}

DatagramListener::~DatagramListener() { close(); }

result<void> DatagramListener::start() { return shard().poller().add(fd_.fd(), *this); }

void DatagramListener::close() {
  if (!fd_) return;
  shard().poller().remove(fd_.fd(), *this);
  shard().forget(*this);
  fd_.reset();
}

void DatagramListener::on_events(std::uint32_t) { shard().at_turn_end(*this); }

/// The poller reports only new datagrams, so reading ends with an empty socket or with a call at the next end of a
/// turn.
void DatagramListener::on_turn_end() {
  for (int taken = 0; taken < kPerTurn; ++taken) {
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    const ssize_t got =
        ::recvfrom(fd_.fd(), buffer_.get(), kLongestDatagram, 0, reinterpret_cast<sockaddr*>(&from), &size);
    if (got < 0 && errno == EAGAIN) return;
    if (got < 0) continue;  // an error of one datagram that we sent, or a signal
    ++received_;
    handler_.on_datagram({buffer_.get(), static_cast<std::size_t>(got)}, peer_of(from));
    if (!fd_) return;
  }
  shard().at_turn_end(*this);
}

std::uint64_t DatagramListener::dropped() const {
  std::array<std::uint32_t, SK_MEMINFO_VARS> info{};
  socklen_t size = sizeof info;
  if (!fd_ || ::getsockopt(fd_.fd(), SOL_SOCKET, SO_MEMINFO, info.data(), &size) != 0) return 0;
  return info[SK_MEMINFO_DROPS];
}

}  // namespace sluice
