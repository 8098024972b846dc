#include "logplex/net/dial/dns_engine.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "logplex/base/check.hpp"
#include "logplex/runtime/behind_shards.hpp"

namespace sluice {
namespace {

constexpr std::chrono::milliseconds kTick{20};
constexpr std::size_t kEvents = 64;

SteadyTime now() { return std::chrono::steady_clock::now(); }

}  // namespace

DnsEngine::DnsEngine(const std::string& thread_name, std::vector<std::string> servers, Done done)
    : servers_(std::move(servers)),
      done_(std::move(done)),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      wakeup_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = wakeup_.fd();
  SLUICE_CHECK(::epoll_ctl(epoll_.fd(), EPOLL_CTL_ADD, wakeup_.fd(), &event) == 0);
  thread_ = std::thread([this, name = thread_name] {
    work_behind_shards(name);
    run();
  });
}

DnsEngine::~DnsEngine() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  ::eventfd_write(wakeup_.fd(), 1);
  thread_.join();
}

void DnsEngine::begin(std::vector<std::string> names) {
  if (names.empty()) return;
  {
    const std::lock_guard lock(mutex_);
    std::move(names.begin(), names.end(), std::back_inserter(new_));
  }
  ::eventfd_write(wakeup_.fd(), 1);
}

void DnsEngine::run() {
  while (take_new()) {
    deliver_finished();
    wait_for_sockets();
    tick();
    deliver_finished();
  }
  under_way_.clear();
}

/// False when the engine is being destroyed.
bool DnsEngine::take_new() {
  std::vector<std::string> names;
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return false;
    names.swap(new_);
  }
  DnsSockets& sockets = *this;
  for (std::string& name : names) {
    under_way_.push_back(std::make_unique<DnsLookUp>(std::move(name), servers_, sockets));
    under_way_.back()->begin(now());
  }
  return true;
}

void DnsEngine::on_socket(int fd, DnsLookUp& owner, bool readable, bool writable) {
  if (!readable && !writable) {
    ::epoll_ctl(epoll_.fd(), EPOLL_CTL_DEL, fd, nullptr);
    sockets_.erase(fd);
    return;
  }
  epoll_event event{};
  event.events = (readable ? EPOLLIN : 0U) | (writable ? EPOLLOUT : 0U);
  event.data.fd = fd;
  const bool is_new = sockets_.insert_or_assign(fd, &owner).second;
  ::epoll_ctl(epoll_.fd(), is_new ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &event);
}

void DnsEngine::wait_for_sockets() {
  std::array<epoll_event, kEvents> events;
  const int timeout = under_way_.empty() ? -1 : static_cast<int>(kTick.count());
  const int count = ::epoll_wait(epoll_.fd(), events.data(), kEvents, timeout);
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    eventfd_t ignored = 0;
    if (event.data.fd == wakeup_.fd()) ::eventfd_read(wakeup_.fd(), &ignored);
    const auto found = sockets_.find(event.data.fd);
    if (found == sockets_.end()) continue;
    const bool trouble = (event.events & (EPOLLERR | EPOLLHUP)) != 0;
    found->second->on_ready(event.data.fd, trouble || (event.events & EPOLLIN) != 0, (event.events & EPOLLOUT) != 0,
                            now());
  }
}

void DnsEngine::tick() {
  const SteadyTime time = now();
  if (time < next_tick_) return;
  next_tick_ = time + kTick;
  for (const auto& look_up : under_way_) look_up->on_tick(time);
}

void DnsEngine::deliver_finished() {
  const auto finished =
      std::partition(under_way_.begin(), under_way_.end(), [](const auto& look_up) { return !look_up->finished(); });
  std::vector<std::unique_ptr<DnsLookUp>> ended(std::make_move_iterator(finished),
                                                std::make_move_iterator(under_way_.end()));
  under_way_.erase(finished, under_way_.end());
  for (const auto& look_up : ended) done_(look_up->name(), look_up->take_answer());
}

}  // namespace sluice
