#include "logplex/runtime/poller.hpp"

#include <unistd.h>

#include <cerrno>

#include "logplex/base/check.hpp"

namespace sluice {

Poller::Poller() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) { SLUICE_CHECK(epoll_ >= 0); }

Poller::~Poller() { ::close(epoll_); }

result<void> Poller::add(int fd, Pollable& pollable) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = &pollable;
  if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) return error_code(errno, boost::system::system_category());
  return {};
}

void Poller::remove(int fd, Pollable& pollable) {
  ::epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr);
  for (int i = 0; i < ready_; ++i) {
    if (batch_[static_cast<std::size_t>(i)].data.ptr == &pollable)
      batch_[static_cast<std::size_t>(i)].data.ptr = nullptr;
  }
}

std::size_t Poller::poll() {
  ready_ = ::epoll_wait(epoll_, batch_.data(), static_cast<int>(batch_.size()), 0);
  if (ready_ <= 0) {
    ready_ = 0;
    return 0;
  }
  const auto count = static_cast<std::size_t>(ready_);
  for (std::size_t i = 0; i < count; ++i) {
    if (batch_[i].data.ptr != nullptr) static_cast<Pollable*>(batch_[i].data.ptr)->on_events(batch_[i].events);
  }
  ready_ = 0;
  return count;
}

}  // namespace sluice
