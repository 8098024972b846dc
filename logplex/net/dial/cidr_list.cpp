#include "logplex/net/dial/cidr_list.hpp"

#include <algorithm>
#include <charconv>

namespace sluice {
namespace {

namespace ip = boost::asio::ip;
using Bytes = ip::address_v6::bytes_type;

constexpr unsigned kMappedPrefix = 96;

Bytes bytes_of(const ip::address& address) {
  return (address.is_v4() ? ip::make_address_v6(ip::v4_mapped, address.to_v4()) : address.to_v6()).to_bytes();
}

bool same_prefix(const Bytes& a, const Bytes& b, unsigned bits) {
  const std::size_t whole = bits / 8;
  if (!std::equal(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(whole), b.begin())) return false;
  const unsigned rest = bits % 8;
  return rest == 0 || (a[whole] ^ b[whole]) >> (8 - rest) == 0;
}

Error bad_entry(const std::string& entry, const std::string& why) {
  return {make_error_code(boost::system::errc::invalid_argument), "'" + entry + "' is not a CIDR: " + why};
}

}  // namespace

boost::system::result<CidrList, Error> CidrList::parse(const std::vector<std::string>& entries) {
  CidrList list;
  for (const auto& entry : entries) {
    const auto slash = entry.find('/');
    boost::system::error_code failed;
    const auto address = ip::make_address(entry.substr(0, slash), failed);
    if (failed) return bad_entry(entry, "the part before the slash must be an IPv4 or IPv6 address");
    const unsigned longest = address.is_v4() ? 32 : 128;
    unsigned bits = longest;
    if (slash != std::string::npos) {
      const char* const last = entry.data() + entry.size();
      const auto [end, wrong] = std::from_chars(entry.data() + slash + 1, last, bits);
      if (wrong != std::errc() || end != last || bits > longest)
        return bad_entry(entry, "the part after the slash must be a number from 0 to " + std::to_string(longest));
    }
    list.networks_.push_back({bytes_of(address), address.is_v4() ? bits + kMappedPrefix : bits});
  }
  return list;
}

bool CidrList::contains(const ip::address& address) const {
  const Bytes bytes = bytes_of(address);
  return std::any_of(networks_.begin(), networks_.end(),
                     [&bytes](const Network& network) { return same_prefix(bytes, network.bytes, network.bits); });
}

}  // namespace sluice
