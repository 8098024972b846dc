#include "logplex/net/dial/dns_look_up.hpp"

#include <ares.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include <boost/asio/ip/udp.hpp>

#include "logplex/net/address_text.hpp"

namespace sluice {
namespace {

constexpr int kFirstTimeoutMs = 1000;  // doubles with each try
constexpr int kTries = 3;
/// How long to wait for the second kind of address after the first has arrived.
constexpr std::chrono::milliseconds kOtherKind{300};
/// Domains of a search list that are tried.
constexpr std::size_t kMostDomains = 8;
constexpr std::uint16_t kAnyPort = 53;

std::string without_dot(const std::string& name) {
  return name.ends_with('.') ? name.substr(0, name.size() - 1) : name;
}

bool is_localhost(std::string_view name) { return name == "localhost" || name.ends_with(".localhost"); }

/// Connecting a UDP socket sends nothing, but fails when the kernel has no route.
bool has_route(const asio::ip::address& address) {
  const int fd = ::socket(address.is_v6() ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  const asio::ip::udp::endpoint endpoint(address, kAnyPort);
  const bool routed = ::connect(fd, endpoint.data(), static_cast<socklen_t>(endpoint.size())) == 0;
  ::close(fd);
  return routed;
}

/// Applies the search list of resolv.conf(5): a name with enough dots is asked for as it is first. The order is
/// reversed.
std::vector<std::string> candidates_for(const std::string& name, const ares_options& system) {
  if (name.ends_with('.')) return {name};
  const auto dots = std::count(name.begin(), name.end(), '.');
  std::vector<std::string> all;
  const auto domains = std::min(static_cast<std::size_t>(std::max(system.ndomains, 0)), kMostDomains);
  for (std::size_t i = 0; i < domains; ++i) {
    const std::string domain = without_dot(system.domains[i]);
    if (!domain.empty()) all.push_back(std::string(name).append(".").append(domain).append("."));
  }
  all.insert(dots >= system.ndots ? all.begin() : all.end(), name + ".");
  std::reverse(all.begin(), all.end());
  return all;
}

bool says_nothing_there(int status) { return status == ARES_ENOTFOUND || status == ARES_ENODATA; }

struct Freed {
  void operator()(ares_addrinfo* found) const { ::ares_freeaddrinfo(found); }
};
using Found = std::unique_ptr<ares_addrinfo, Freed>;

}  // namespace

std::vector<asio::ip::address> order_addresses(std::vector<asio::ip::address> addresses) {
  const auto without_route =
      std::stable_partition(addresses.begin(), addresses.end(), [](const auto& address) { return has_route(address); });
  if (without_route != addresses.begin()) addresses.erase(without_route, addresses.end());
  std::stable_partition(addresses.begin(), addresses.end(), [](const auto& address) { return address.is_v6(); });
  return addresses;
}

DnsLookUp::DnsLookUp(std::string name, const std::vector<std::string>& servers, DnsSockets& sockets)
    : name_(std::move(name)), servers_(servers), sockets_(sockets) {
  halves_[0].family = AF_INET;
  halves_[1].family = AF_INET6;
  for (Half& half : halves_) half.look_up = this;
}

DnsLookUp::~DnsLookUp() { close(); }

void DnsLookUp::close() {
  finished_ = true;
  if (channel_ != nullptr) ::ares_destroy(std::exchange(channel_, nullptr));
}

void DnsLookUp::begin(SteadyTime now) {
  if (!read_system()) return;
  if (!answer_.addresses.empty()) return finish();
  if (is_localhost(without_dot(name_))) {
    answer_.addresses = {asio::ip::address_v6::loopback(), asio::ip::address_v4::loopback()};
    return finish();
  }
  if (!open_channel()) return;
  ask_next();
  go_on(now);
}

/// Reads /etc/resolv.conf and looks into /etc/hosts.
bool DnsLookUp::read_system() {
  ares_options options{};
  std::string only_files = "f";
  options.lookups = only_files.data();
  ares_channel system = nullptr;
  if (const int failed = ::ares_init_options(&system, &options, ARES_OPT_LOOKUPS); failed != ARES_SUCCESS) {
    fail(NameAnswer::Kind::kUnanswered, ::ares_strerror(failed));
    return false;
  }
  ares_addrinfo_hints hints{};
  hints.ai_flags = ARES_AI_NOSORT;
  hints.ai_socktype = SOCK_STREAM;
  ::ares_getaddrinfo(system, without_dot(name_).c_str(), nullptr, &hints, &DnsLookUp::on_hosts, this);
  ares_options saved{};
  int mask = 0;
  if (::ares_save_options(system, &saved, &mask) == ARES_SUCCESS) {
    candidates_ = candidates_for(name_, saved);
    ::ares_destroy_options(&saved);
  } else {
    candidates_ = {name_};
  }
  ::ares_destroy(system);
  return true;
}

/// c-ares calls it before ares_getaddrinfo() returns, because it only reads a file.
void DnsLookUp::on_hosts(void* self, int status, int, ares_addrinfo* found) {
  const Found holder(found);
  if (status == ARES_SUCCESS && found != nullptr) static_cast<DnsLookUp*>(self)->take(found);
}

bool DnsLookUp::open_channel() {
  ares_options options{};
  std::string only_dns = "b";
  options.flags = ARES_FLAG_NOALIASES;
  options.lookups = only_dns.data();
  options.timeout = kFirstTimeoutMs;
  options.tries = kTries;
  options.sock_state_cb = &DnsLookUp::on_socket;
  options.sock_state_cb_data = this;
  const int mask = ARES_OPT_FLAGS | ARES_OPT_LOOKUPS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB;
  int failed = ::ares_init_options(&channel_, &options, mask);
  std::string servers;
  for (const auto& server : servers_) servers += (servers.empty() ? "" : ",") + server;
  if (failed == ARES_SUCCESS && !servers.empty()) failed = ::ares_set_servers_ports_csv(channel_, servers.c_str());
  if (failed != ARES_SUCCESS) fail(NameAnswer::Kind::kUnanswered, ::ares_strerror(failed));
  return failed == ARES_SUCCESS;
}

void DnsLookUp::on_socket(void* self, int fd, int readable, int writable) {
  auto& look_up = *static_cast<DnsLookUp*>(self);
  look_up.sockets_.on_socket(fd, look_up, readable != 0, writable != 0);
}

void DnsLookUp::ask_next() {
  const std::string name = std::move(candidates_.back());
  candidates_.pop_back();
  other_until_ = {};
  for (Half& half : halves_) half.pending = true;
  for (Half& half : halves_) {
    ares_addrinfo_hints hints{};
    hints.ai_flags = ARES_AI_NOSORT;
    hints.ai_family = half.family;
    hints.ai_socktype = SOCK_STREAM;
    ::ares_getaddrinfo(channel_, name.c_str(), nullptr, &hints, &DnsLookUp::on_answer, &half);
  }
}

void DnsLookUp::on_answer(void* argument, int status, int, ares_addrinfo* found) {
  const Found holder(found);
  Half& half = *static_cast<Half*>(argument);
  half.pending = false;
  half.status = status;
  if (half.look_up->finished_) return;
  const std::size_t before = half.look_up->answer_.addresses.size();
  if (status == ARES_SUCCESS && found != nullptr) half.look_up->take(found);
  const bool none = half.look_up->answer_.addresses.size() == before;
  if (status == ARES_SUCCESS && none) half.status = ARES_ENODATA;
}

void DnsLookUp::take(const ares_addrinfo* found) {
  auto& all = answer_.addresses;
  const bool first = all.empty();
  std::chrono::seconds ttl = std::chrono::seconds::max();
  std::size_t taken = 0;
  for (const auto* node = found->nodes; node != nullptr && taken < kMostAddresses; node = node->ai_next) {
    sockaddr_storage address{};
    std::copy_n(reinterpret_cast<const char*>(node->ai_addr), node->ai_addrlen, reinterpret_cast<char*>(&address));
    ttl = std::min(ttl, std::chrono::seconds(std::max(node->ai_ttl, 0)));
    const auto parsed = peer_of(address).address;
    if (std::find(all.begin(), all.end(), parsed) != all.end()) continue;
    all.push_back(parsed);
    ++taken;
  }
  std::size_t aliases = 0;
  for (const auto* alias = found->cnames; alias != nullptr && aliases++ < kMostAddresses; alias = alias->next)
    ttl = std::min(ttl, std::chrono::seconds(std::max(alias->ttl, 0)));
  if (taken > 0) answer_.ttl = first ? ttl : std::min(answer_.ttl, ttl);
}

void DnsLookUp::on_ready(int fd, bool readable, bool writable, SteadyTime now) {
  if (finished_) return;
  ::ares_process_fd(channel_, readable ? fd : ARES_SOCKET_BAD, writable ? fd : ARES_SOCKET_BAD);
  go_on(now);
}

void DnsLookUp::on_tick(SteadyTime now) {
  if (finished_) return;
  ::ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
  go_on(now);
}

/// Acts on the answers so far. When a name of the search list does not exist, asks for the next one.
void DnsLookUp::go_on(SteadyTime now) {
  while (!finished_) {
    const bool both = !halves_[0].pending && !halves_[1].pending;
    const bool one = !halves_[0].pending || !halves_[1].pending;
    if (!answer_.addresses.empty()) {
      if (both || (other_until_ != SteadyTime{} && now >= other_until_)) return finish();
      if (one && other_until_ == SteadyTime{}) other_until_ = now + kOtherKind;
      return;
    }
    if (!both) return;
    for (const Half& half : halves_)
      if (!says_nothing_there(half.status)) return fail(NameAnswer::Kind::kUnanswered, ::ares_strerror(half.status));
    no_address_ |= halves_[0].status == ARES_ENODATA || halves_[1].status == ARES_ENODATA;
    if (candidates_.empty())
      return fail(NameAnswer::Kind::kNotFound, no_address_ ? "it has no address" : "there is no such name");
    ask_next();
  }
}

void DnsLookUp::finish() {
  finished_ = true;
  answer_.kind = NameAnswer::Kind::kAddresses;
  answer_.addresses = order_addresses(std::move(answer_.addresses));
}

void DnsLookUp::fail(NameAnswer::Kind kind, std::string reason) {
  finished_ = true;
  answer_ = {};
  answer_.kind = kind;
  answer_.reason = std::move(reason);
}

}  // namespace sluice
