#pragma once

#include <cstdint>
#include <initializer_list>

namespace sluice::router {

/// The header fields that the proxy treats specially. All others are kOther and copied unchanged.
enum class FieldKind : std::uint8_t {
  kOther,
  kHost,
  kConnection,
  kContentLength,
  kTransferEncoding,
  kExpect,
  kUpgrade,
  kHopByHop,  // TE, Keep-Alive, Proxy-Connection, Proxy-Authorization: removed, never read
  kVia,
  kForwardedFor,
  kForwardedProto,
  kForwardedPort,
  kForwardedHost,
  kForwarded,
  kRealIp,
  kRequestId,
  kRequestStart,
  kClientCert,  // X-Forwarded-Client-Cert: removed, because we have not seen a certificate
  kProxy,       // removed: CGI turns it into HTTP_PROXY, which many programs use as their proxy
  kFolded,      // another spelling of one of these, see kind_of(): removed
  kDate,
  kSetCookie,
};

/// A set of kinds.
class FieldKinds {
 public:
  constexpr FieldKinds() = default;
  constexpr FieldKinds(std::initializer_list<FieldKind> kinds) {
    for (const FieldKind kind : kinds) add(kind);
  }
  constexpr void add(FieldKind kind) { bits_ |= bit_of(kind); }
  constexpr bool has(FieldKind kind) const { return (bits_ & bit_of(kind)) != 0; }

 private:
  static constexpr std::uint32_t bit_of(FieldKind kind) { return 1U << static_cast<unsigned>(kind); }
  std::uint32_t bits_ = 0;
};

/// The fields that reach the app unchanged, unless Connection names them. We read, rewrite or remove all others.
constexpr FieldKinds kEndToEnd{FieldKind::kOther, FieldKind::kDate, FieldKind::kSetCookie};

}  // namespace sluice::router
