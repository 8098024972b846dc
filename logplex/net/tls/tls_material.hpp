#pragma once

#include <memory>
#include <optional>
#include <string>

#include "logplex/base/secret.hpp"

namespace sluice {

/// What is wrong with the certificates and the key that a tenant gives: which field, and why. Holds no secret.
struct TlsMaterialFault {
  std::string field;  // "ca", "client_cert" or "client_key"
  std::string sentence;
};

/// Checks PEM texts before a connection uses them; empty ones are not checked. `ca` holds 1 to 256 certificates,
/// `client_cert` 1 to 10 with the first one's key in `client_key`, which needs no passphrase. Keys are those that
/// key_fault() takes. A certificate costs a quarter of a millisecond, so this goes step by step. One thread at a time.
class TlsMaterialCheck {
 public:
  struct Verdict {
    std::optional<TlsMaterialFault> fault;
  };

  TlsMaterialCheck(std::string ca, std::string client_cert, Secret client_key);
  TlsMaterialCheck(TlsMaterialCheck&&) noexcept;
  ~TlsMaterialCheck();

  /// Goes on for about two milliseconds; nothing while there is more to do.
  std::optional<Verdict> step();

 private:
  struct Reading;

  Secret client_key_;
  std::unique_ptr<Reading> ca_;
  std::unique_ptr<Reading> chain_;
};

/// All steps in a row: up to 70 milliseconds.
std::optional<TlsMaterialFault> check_tls_material(const std::string& ca, const std::string& client_cert,
                                                   const Secret& client_key);

}  // namespace sluice
