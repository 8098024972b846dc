#include "tests/support/dns_server.hpp"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <array>
#include <stdexcept>

namespace sluice {
namespace {

constexpr std::uint16_t kTypeA = 1;
constexpr std::uint16_t kTypeCname = 5;
constexpr std::uint16_t kTypeAaaa = 28;
constexpr std::size_t kHeader = 12;

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

std::string u16(std::size_t value) { return {static_cast<char>((value >> 8) & 0xff), static_cast<char>(value & 0xff)}; }
std::string u32(std::uint32_t value) { return u16(value >> 16) + u16(value & 0xffff); }

std::string encoded(const std::string& name) {
  std::string out;
  for (std::size_t at = 0; at < name.size();) {
    const auto end = std::min(name.find('.', at), name.size());
    out += static_cast<char>(end - at) + name.substr(at, end - at);
    at = end + 1;
  }
  return out + '\0';
}

std::string address_bytes(const std::string& text, std::uint16_t type) {
  std::array<char, 16> bytes{};
  ::inet_pton(type == kTypeA ? AF_INET : AF_INET6, text.c_str(), bytes.data());
  return {bytes.data(), type == kTypeA ? 4U : 16U};
}

struct Query {
  std::string name;
  std::uint16_t type = 0;
  std::string question;
};

Query parse(std::string_view bytes) {
  Query query;
  std::size_t at = kHeader;
  while (at < bytes.size() && bytes[at] != 0) {
    const auto size = static_cast<unsigned char>(bytes[at]);
    query.name += (query.name.empty() ? "" : ".") + std::string(bytes.substr(at + 1, size));
    at += size + 1U;
  }
  query.question = bytes.substr(kHeader, at + 5 - kHeader);
  query.type = static_cast<unsigned char>(bytes[at + 2]);
  for (char& c : query.name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return query;
}

}  // namespace

DnsServer::DnsServer()
    : udp_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)),
      tcp_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
      stop_(::eventfd(0, EFD_CLOEXEC)) {
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  auto* const raw = reinterpret_cast<sockaddr*>(&address);
  if (::bind(tcp_.fd(), raw, size) != 0 || ::listen(tcp_.fd(), 16) != 0 || ::getsockname(tcp_.fd(), raw, &size) != 0 ||
      ::bind(udp_.fd(), raw, size) != 0)
    throw std::runtime_error("no port for the name server");
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { run(); });
}

DnsServer::~DnsServer() {
  ::eventfd_write(stop_.fd(), 1);
  thread_.join();
}

void DnsServer::say(const std::string& name, DnsScript script) {
  const std::lock_guard lock(mutex_);
  scripts_[name] = std::move(script);
}

int DnsServer::asked(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = asked_.find(name);
  return found == asked_.end() ? 0 : found->second;
}

int DnsServer::asked_over_tcp() const {
  const std::lock_guard lock(mutex_);
  return asked_over_tcp_;
}

void DnsServer::run() {
  for (;;) {
    std::array<pollfd, 3> fds{pollfd{udp_.fd(), POLLIN, 0}, {tcp_.fd(), POLLIN, 0}, {stop_.fd(), POLLIN, 0}};
    ::poll(fds.data(), fds.size(), -1);
    if (fds[2].revents != 0) return;
    if (fds[0].revents != 0) on_udp();
    if (fds[1].revents != 0) on_tcp();
  }
}

void DnsServer::on_udp() {
  std::array<char, 2000> buffer;
  sockaddr_in from{};
  socklen_t size = sizeof from;
  auto* const raw = reinterpret_cast<sockaddr*>(&from);
  const auto got = ::recvfrom(udp_.fd(), buffer.data(), buffer.size(), 0, raw, &size);
  if (got < static_cast<ssize_t>(kHeader)) return;
  bool forged = false;
  std::string reply = answer({buffer.data(), static_cast<std::size_t>(got)}, false, forged);
  if (reply.empty()) return;
  if (forged) {
    std::string wrong = reply;
    wrong[0] = static_cast<char>(wrong[0] ^ 0x55);
    wrong.back() = static_cast<char>(wrong.back() + 1);
    ::sendto(udp_.fd(), wrong.data(), wrong.size(), 0, raw, size);
  }
  ::sendto(udp_.fd(), reply.data(), reply.size(), 0, raw, size);
}

void DnsServer::on_tcp() {
  const UniqueFd client(::accept4(tcp_.fd(), nullptr, nullptr, SOCK_CLOEXEC));
  timeval limit{5, 0};
  ::setsockopt(client.fd(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  for (;;) {
    std::array<unsigned char, 2> length;
    if (::recv(client.fd(), length.data(), 2, MSG_WAITALL) != 2) return;
    std::string query(static_cast<std::size_t>(length[0] << 8 | length[1]), '\0');
    if (::recv(client.fd(), query.data(), query.size(), MSG_WAITALL) != static_cast<ssize_t>(query.size())) return;
    bool forged = false;
    const std::string reply = answer(query, true, forged);
    const std::string framed = u16(reply.size()) + reply;
    if (reply.empty() || ::send(client.fd(), framed.data(), framed.size(), MSG_NOSIGNAL) < 0) return;
  }
}

/// Empty = silence.
std::string DnsServer::answer(std::string_view bytes, bool tcp, bool& forged) {
  const Query query = parse(bytes);
  const std::lock_guard lock(mutex_);
  ++asked_[query.name];
  asked_over_tcp_ += tcp ? 1 : 0;
  const auto found = scripts_.find(query.name);
  DnsScript script;
  script.rcode = 3;
  if (found != scripts_.end()) script = found->second;
  forged = script.forged_first;
  if (script.silent || (script.silent_v6 && query.type == kTypeAaaa)) return {};
  const bool cut = script.cut_on_udp && !tcp;
  const auto& addresses = query.type == kTypeA ? script.v4 : script.v6;
  std::string records;
  std::size_t count = 0;
  if (!script.alias.empty()) {
    const std::string target = encoded(script.alias);
    records += "\xc0\x0c" + u16(kTypeCname) + u16(1) + u32(script.ttl) + u16(target.size()) + target;
    ++count;
  }
  const std::string owner = script.alias.empty() ? "\xc0\x0c" : encoded(script.alias);
  if (!cut)
    for (const auto& address : addresses) {
      const std::string data = address_bytes(address, query.type);
      records += owner + u16(query.type) + u16(1) + u32(script.ttl) + u16(data.size()) + data;
      ++count;
    }
  const int flags = 0x8180 | script.rcode | (cut ? 0x0200 : 0);
  return std::string(bytes.substr(0, 2)) + u16(static_cast<std::size_t>(flags)) + u16(1) + u16(count) + u16(0) +
         u16(0) + query.question + records;
}

}  // namespace sluice
