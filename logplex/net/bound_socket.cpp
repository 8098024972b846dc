#include "logplex/net/bound_socket.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <memory>
#include <string>

namespace sluice {
namespace {

using AddressList = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

error_code last_error() { return {errno, boost::system::system_category()}; }

result<AddressList, Error> look_up(const std::string& host, std::uint16_t port, int type) {
  addrinfo hints{};
  hints.ai_socktype = type;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int failed = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (failed != 0) return Error{make_error_code(boost::system::errc::invalid_argument), ::gai_strerror(failed)};
  return AddressList(found, &::freeaddrinfo);
}

result<UniqueFd> bind_to(const addrinfo& address, bool any_family) {
  UniqueFd fd(::socket(address.ai_family, address.ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return last_error();
  const int on = 1;
  const int only = any_family ? 0 : 1;
  // A datagram socket with this option would share the port with other processes.
  if (address.ai_socktype == SOCK_STREAM) ::setsockopt(fd.fd(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (address.ai_family == AF_INET6) ::setsockopt(fd.fd(), IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only);
  if (::bind(fd.fd(), address.ai_addr, address.ai_addrlen) != 0) return last_error();
  return fd;
}

}  // namespace

result<UniqueFd, Error> bind_socket(const HostPort& where, int type) {
  const bool any = where.host.empty();
  SLUICE_TRY(const auto addresses, look_up(any ? "::" : where.host, where.port, type));
  auto fd = bind_to(*addresses, any);
  const auto no_ipv6 = [](error_code why) {
    return why == boost::system::errc::address_family_not_supported ||
           why == boost::system::errc::address_not_available;
  };
  if (!fd && any && no_ipv6(fd.error())) {
    SLUICE_TRY(const auto v4, look_up("0.0.0.0", where.port, type));
    fd = bind_to(*v4, false);
  }
  if (!fd) return Error{fd.error(), fd.error().message()};
  return std::move(*fd);
}

sockaddr_storage local_address(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  return address;
}

}  // namespace sluice
