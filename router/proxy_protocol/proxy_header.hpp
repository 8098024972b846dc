#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <boost/asio/ip/address.hpp>

namespace sluice::router {

/// What a load balancer says about the connection that it passes on to us.
struct ProxyHeader {
  struct Address {
    boost::asio::ip::address address;
    std::uint16_t port = 0;
    bool operator==(const Address&) const = default;
  };

  /// False when the header names no TCP addresses (v1 UNKNOWN; v2 LOCAL, UNSPEC, datagrams, Unix sockets). The
  /// addresses of the socket count then. The health checks of a balancer look like this.
  bool has_addresses = false;
  Address source;
  Address destination;

  // From here on version 2 only. The texts are empty when the balancer does not tell them; they contain no control
  // bytes and point into the header's bytes.
  bool tls = false;              // the client speaks TLS with the balancer
  std::string_view tls_version;  // such as "TLSv1.3"
  std::string_view tls_cipher;
  std::string_view client_name;  // common name of the client's certificate, which the balancer has verified
  std::string_view server_name;  // SNI
  std::string_view protocol;     // the one that ALPN chose, such as "h2"

  bool operator==(const ProxyHeader&) const = default;
};

enum class ProxyHeaderError : std::uint8_t {
  kNone,
  kNoHeader,     // the bytes begin neither like version 1 nor like version 2
  kTooLong,      // over kLongestProxyHeader, or a line of version 1 over 107 bytes
  kBadLine,      // version 1: not "PROXY TCP4|TCP6 SOURCE DESTINATION PORT PORT CRLF"
  kBadAddress,   // version 1: an address of the other family, or not in its plain form
  kBadPort,      // version 1: not a decimal number up to 65535, or with leading zeros
  kBadVersion,   // version 2: not 2
  kBadCommand,   // version 2: neither LOCAL nor PROXY
  kBadFamily,    // version 2: an unknown address family or transport
  kBadLength,    // version 2: too short for its addresses
  kBadTlv,       // version 2: a TLV that does not fit or comes twice, or a text with control bytes
  kBadChecksum,  // version 2: the CRC32C does not match
};
/// The error in words, for tests and our own log: "bad checksum".
std::string_view to_string(ProxyHeaderError error);

/// Version 2 could announce 64 KiB. Balancers send a few hundred bytes.
inline constexpr std::size_t kLongestProxyHeader = 4096;

struct ProxyHeaderResult {
  enum class Progress : std::uint8_t { kMore, kDone, kError };

  Progress progress = Progress::kMore;
  ProxyHeaderError error = ProxyHeaderError::kNone;
  std::size_t size = 0;  // after kDone: how many bytes the header takes; the client's own bytes follow
  ProxyHeader header;
};

/// Reads a PROXY header, version 1 or 2 (HAProxy's "The PROXY protocol", sections 2.1 and 2.2), strictly. `bytes` begin
/// with the first byte of the connection, and the caller comes with more of them after kMore. The result does not
/// depend on how the bytes were split. Nothing is copied or allocated.
ProxyHeaderResult parse_proxy_header(std::string_view bytes);

}  // namespace sluice::router
