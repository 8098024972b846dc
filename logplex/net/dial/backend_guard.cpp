#include "logplex/net/dial/backend_guard.hpp"

#include <algorithm>
#include <cstring>
#include <optional>

namespace sluice {
namespace {

namespace ip = boost::asio::ip;
using Bytes = ip::address_v6::bytes_type;

bool starts_with(const Bytes& bytes, std::initializer_list<unsigned> prefix) {
  return std::equal(prefix.begin(), prefix.end(), bytes.begin());
}

ip::address_v4 v4_at(const Bytes& bytes, std::size_t at) {
  ip::address_v4::bytes_type v4;
  std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), v4.size(), v4.begin());
  return ip::address_v4(v4);
}

/// The IPv4 address embedded in an IPv6 address.
std::optional<ip::address> embedded(const ip::address& address) {
  if (address.is_v4()) return std::nullopt;
  const Bytes bytes = address.to_v6().to_bytes();
  const bool mapped = starts_with(bytes, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff});
  const bool compatible =
      starts_with(bytes, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}) && (bytes[12] != 0 || bytes[13] != 0);
  const bool nat64 = starts_with(bytes, {0x00, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0});
  if (mapped || compatible || nat64) return v4_at(bytes, 12);
  if (starts_with(bytes, {0x20, 0x02})) return v4_at(bytes, 2);  // 6to4
  return std::nullopt;
}

/// Connecting to an unspecified address leads to this machine.
bool is_local(const ip::address& address) { return address.is_loopback() || address.is_unspecified(); }

Error in_setting(std::string_view setting, const Error& error) {
  return {error.code, std::string(setting) + ": " + error.text()};
}

}  // namespace

boost::system::result<BackendGuard, Error> BackendGuard::parse(const std::vector<std::string>& deny_cidrs,
                                                               const std::vector<std::string>& allow_cidrs) {
  BackendGuard guard;
  auto deny = CidrList::parse(deny_cidrs);
  if (deny.has_error()) return in_setting("router.deny_cidrs", deny.error());
  auto allow = CidrList::parse(allow_cidrs);
  if (allow.has_error()) return in_setting("router.allow_cidrs", allow.error());
  guard.deny_ = std::move(*deny);
  guard.allow_ = std::move(*allow);
  return guard;
}

std::string_view BackendGuard::refusal(const ip::address& address, std::uint16_t port) const {
  const ip::address plain = embedded(address).value_or(address);
  if (own_.is_own_listener(address, port) || own_.is_own_listener(plain, port))
    return "it is a listener of this node itself";
  const bool denied = deny_.contains(address) || deny_.contains(plain);
  if (denied && !allow_.contains(address) && !allow_.contains(plain)) return "it is in router.deny_cidrs";
  return {};
}

std::string_view BackendGuard::refusal_for_tenants(const ip::address& address, std::uint16_t port) const {
  const ip::address plain = embedded(address).value_or(address);
  if (const auto why = refusal(address, port); !why.empty()) return why;
  const bool local = is_local(address) || is_local(plain);
  if (local && !allow_.contains(address) && !allow_.contains(plain))
    return "it is a loopback address, which router.allow_cidrs does not name";
  return {};
}

}  // namespace sluice
