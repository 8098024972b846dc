#pragma once

#include <string>

#include <openssl/ssl.h>

namespace sluice {

/// Whose key it is decides how large it may be: we sign with our own, which costs much more than to check a peer's.
enum class KeyOwner { kOurs, kPeer };

/// Why TLS does not take this key, as a sentence; empty when it does. Taken are RSA (2048 to 4096 bits for ours, to
/// 8192 for a peer's), P-256, P-384, P-521 and Ed25519.
std::string key_fault(const EVP_PKEY* key, KeyOwner owner);

/// TLS 1.2 and newer with ECDHE only, our ciphers, groups and signatures, no renegotiation, and limits for what the
/// other end may show as its certificates. `insecure`: any certificate within these limits will do.
void set_limits(SSL_CTX* context, bool insecure);

/// What was wrong with the peer's certificates by these limits, in the handshake step that this thread did last; empty
/// when nothing was. Forgets it.
std::string take_chain_fault();

/// A failure of OpenSSL in words for the owner of a drain or the user of the CLI.
std::string tls_failure_text(unsigned long code);

}  // namespace sluice
