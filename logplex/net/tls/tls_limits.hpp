#pragma once

#include <string>

#include <openssl/ssl.h>

namespace sluice {

/// The owner of a key decides how large it may be: signing with our own costs much more than checking with a peer's.
enum class KeyOwner { kOurs, kPeer };

/// Why this key is not accepted for TLS, as a sentence; empty when it is. Accepted are RSA (2048 to 4096 bits for ours,
/// to 8192 for a peer's), P-256, P-384, P-521 and Ed25519.
std::string key_fault(const EVP_PKEY* key, KeyOwner owner);

/// Allows only TLS 1.2 and newer with ECDHE and our ciphers, groups and signatures, without renegotiation, and limits
/// the certificates of the other end. `insecure`: any certificate within these limits is accepted.
void set_limits(SSL_CTX* context, bool insecure);

/// How the peer's certificates broke these limits in the handshake step that this thread did last; empty when they did
/// not. The next call returns nothing.
std::string take_chain_fault();

/// Describes an error of OpenSSL for the owner of a drain or the user of the CLI.
std::string tls_failure_text(unsigned long code);

}  // namespace sluice
