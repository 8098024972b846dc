#include "logplex/net/dial/address_guard.hpp"

#include <ifaddrs.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <memory>

namespace sluice {
namespace {

namespace ip = boost::asio::ip;

struct RangeV4 {
  std::uint32_t first;
  int bits;
  std::string_view kind;
};

// IANA's special-purpose registry for IPv4, and the metadata services of clouds. The first match counts.
constexpr std::array kRangesV4{
    RangeV4{0x00000000, 8, "unspecified"},        RangeV4{0x0a000000, 8, "private"},
    RangeV4{0x64400000, 10, "carrier-grade NAT"}, RangeV4{0x7f000000, 8, "loopback"},
    RangeV4{0xa9fea9fe, 32, "metadata service"},  RangeV4{0xa9fe0000, 16, "link-local"},
    RangeV4{0xac100000, 12, "private"},           RangeV4{0xc0000000, 24, "reserved"},
    RangeV4{0xc0000200, 24, "documentation"},     RangeV4{0xc0586300, 24, "reserved"},
    RangeV4{0xc0a80000, 16, "private"},           RangeV4{0xc6120000, 15, "benchmark"},
    RangeV4{0xc6336400, 24, "documentation"},     RangeV4{0xcb007100, 24, "documentation"},
    RangeV4{0x64646464, 32, "metadata service"},  RangeV4{0xa83f8110, 32, "metadata service"},
    RangeV4{0xe0000000, 4, "multicast"},          RangeV4{0xf0000000, 4, "reserved"},
};

bool covers(std::uint32_t first, int bits, std::uint32_t address) {
  return bits == 0 || ((first ^ address) >> (32 - bits)) == 0;
}

std::string_view kind_of(const ip::address_v4& address) {
  for (const auto& range : kRangesV4) {
    if (covers(range.first, range.bits, address.to_uint())) return range.kind;
  }
  return {};
}

bool starts_with(const ip::address_v6::bytes_type& bytes, std::initializer_list<unsigned> prefix) {
  return std::equal(prefix.begin(), prefix.end(), bytes.begin());
}

ip::address_v4 v4_at(const ip::address_v6::bytes_type& bytes, std::size_t at, unsigned char invert = 0) {
  ip::address_v4::bytes_type v4;
  for (std::size_t i = 0; i < v4.size(); ++i) v4[i] = static_cast<unsigned char>(bytes[at + i] ^ invert);
  return ip::address_v4(v4);
}

/// The kind of the IPv4 address that a translation prefix leads to; empty when that address is public, or when there is
/// no such prefix.
std::string_view kind_of_embedded(const ip::address_v6::bytes_type& bytes) {
  if (starts_with(bytes, {0x00, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0})) return kind_of(v4_at(bytes, 12));  // NAT64
  if (starts_with(bytes, {0x00, 0x64, 0xff, 0x9b, 0, 1})) return "private";  // NAT64 of a local network (RFC 8215)
  if (starts_with(bytes, {0x20, 0x02})) return kind_of(v4_at(bytes, 2));     // 6to4
  if (starts_with(bytes, {0x20, 0x01, 0, 0})) return kind_of(v4_at(bytes, 12, 0xff));  // Teredo: client, inverted
  return {};
}

std::string_view kind_of(const ip::address_v6& address) {
  const auto bytes = address.to_bytes();
  if (address.is_v4_mapped()) return kind_of(v4_at(bytes, 12));
  if (address.is_unspecified()) return "unspecified";
  if (address.is_loopback()) return "loopback";
  if (starts_with(bytes, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})) return "reserved";  // IPv4-compatible, long obsolete
  if (starts_with(bytes, {0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0})) return "reserved";  // IPv4-translated (RFC 2765)
  if (starts_with(bytes, {0xfd, 0x00, 0x0e, 0xc2})) return "metadata service";
  if ((bytes[0] & 0xfe) == 0xfc) return "private";
  if (bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80) return "link-local";
  if (bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0xc0) return "private";  // site-local, deprecated
  if (bytes[0] == 0xff) return "multicast";
  if (starts_with(bytes, {0x20, 0x01, 0x0d, 0xb8}) || starts_with(bytes, {0x3f, 0xff})) return "documentation";
  if (starts_with(bytes, {0x20, 0x01, 0, 2, 0, 0})) return "benchmark";
  if (starts_with(bytes, {0x01, 0, 0, 0, 0, 0, 0, 0})) return "reserved";  // discard-only
  return kind_of_embedded(bytes);
}

ip::address unmapped(const ip::address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped()) return ip::make_address_v4(ip::v4_mapped, address.to_v6());
  return address;
}

/// Called only for a port that we listen on. If the interfaces cannot be listed, every address counts as ours.
bool is_of_this_machine(const ip::address& address) {
  if (address.is_loopback() || address.is_unspecified()) return true;
  ifaddrs* all = nullptr;
  if (::getifaddrs(&all) != 0) return true;
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner(all, &::freeifaddrs);
  for (const ifaddrs* entry = all; entry != nullptr; entry = entry->ifa_next) {
    if (entry->ifa_addr == nullptr) continue;
    if (entry->ifa_addr->sa_family == AF_INET && address.is_v4()) {
      sockaddr_in v4{};
      std::memcpy(&v4, entry->ifa_addr, sizeof v4);
      if (ntohl(v4.sin_addr.s_addr) == address.to_v4().to_uint()) return true;
    }
    if (entry->ifa_addr->sa_family == AF_INET6 && address.is_v6()) {
      sockaddr_in6 v6{};
      std::memcpy(&v6, entry->ifa_addr, sizeof v6);
      const auto bytes = address.to_v6().to_bytes();
      if (std::memcmp(&v6.sin6_addr, bytes.data(), bytes.size()) == 0) return true;
    }
  }
  return false;
}

Error bad_entry(const std::string& entry, std::string_view why) {
  return {make_error_code(boost::system::errc::invalid_argument), "'" + entry + "' is not a CIDR: " + std::string(why)};
}

}  // namespace

boost::system::result<AddressGuard, Error> AddressGuard::parse(const std::vector<std::string>& allow_cidrs) {
  AddressGuard guard;
  for (const auto& entry : allow_cidrs) {
    const auto slash = entry.find('/');
    error_code failed;
    const auto address = ip::make_address(entry.substr(0, slash), failed);
    if (failed) return bad_entry(entry, "the part before the slash must be an IPv4 or IPv6 address");
    const int longest = address.is_v4() ? 32 : 128;
    int bits = longest;
    if (slash != std::string::npos) {
      const char* last = entry.data() + entry.size();
      const auto [end, wrong] = std::from_chars(entry.data() + slash + 1, last, bits);
      if (wrong != std::errc() || end != last || bits < 0 || bits > longest)
        return bad_entry(entry, "the part after the slash must be a number from 0 to " + std::to_string(longest));
    }
    if (address.is_v4()) guard.v4_.emplace_back(address.to_v4(), static_cast<unsigned short>(bits));
    if (address.is_v6()) guard.v6_.emplace_back(address.to_v6(), static_cast<unsigned short>(bits));
  }
  return guard;
}

bool AddressGuard::listed(const ip::address& address) const {
  if (address.is_v4()) {
    return std::any_of(v4_.begin(), v4_.end(), [v4 = address.to_v4()](const auto& network) {
      return covers(network.address().to_uint(), network.prefix_length(), v4.to_uint());
    });
  }
  return std::any_of(v6_.begin(), v6_.end(), [v6 = address.to_v6()](const auto& network) {
    const auto bits = network.prefix_length();
    return ip::network_v6(v6, bits).canonical().address().to_bytes() == network.canonical().address().to_bytes();
  });
}

std::string_view AddressGuard::refusal(const ip::address& address) const {
  const ip::address plain = unmapped(address);
  const auto kind = plain.is_v4() ? kind_of(plain.to_v4()) : kind_of(plain.to_v6());
  if (kind.empty() || listed(plain) || listed(address)) return {};
  return kind;
}

bool AddressGuard::is_own_listener(const ip::address& address, std::uint16_t port) const {
  const ip::address plain = unmapped(address);
  return std::any_of(listeners_.begin(), listeners_.end(), [&](const auto& listener) {
    if (listener.port() != port) return false;
    const ip::address bound = unmapped(listener.address());
    return bound == plain || (plain.is_unspecified() && bound.is_loopback()) ||
           (bound.is_unspecified() && is_of_this_machine(plain));
  });
}

std::string AddressGuard::refusal(const ip::address& address, std::uint16_t port) const {
  if (is_own_listener(address, port)) return "this is a listener of this node itself";
  const auto kind = refusal(address);
  if (kind.empty()) return {};
  return "it is a " + std::string(kind) + " address, which drains.allow_cidrs does not name";
}

}  // namespace sluice
