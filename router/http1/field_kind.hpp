#pragma once

#include <cstdint>
#include <initializer_list>

namespace sluice::router::http1 {

/// The header fields that a proxy has to know. All others are kOther and copied as they are.
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
  kClientCert,  // X-Forwarded-Client-Cert, in which only who has seen a certificate may say whose it is: removed
  kProxy,       // CGI makes HTTP_PROXY of it, which many programs take for their proxy: removed
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

/// The fields that reach the app as they are, unless Connection names them. All others are ours to read, to write anew
/// or to remove.
constexpr FieldKinds kEndToEnd{FieldKind::kOther, FieldKind::kDate, FieldKind::kSetCookie};

}  // namespace sluice::router::http1
