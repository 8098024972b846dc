#pragma once

#include <memory>
#include <optional>
#include <string>

#include "logplex/base/secret.hpp"

namespace sluice {

/// What is wrong with a tenant's certificates or key: which field, and why. Holds no secret.
struct TlsMaterialFault {
  std::string field;  // "ca", "client_cert" or "client_key"
  std::string sentence;
};

/// Checks PEM texts before a connection uses them; empty ones are not checked. `ca` must hold 1 to 256 certificates,
/// `client_cert` 1 to 10, and `client_key` the key of the first of these, without a passphrase. key_fault() must accept
/// all keys. A certificate takes a quarter of a millisecond, so the check goes step by step. One thread at a time.
class TlsMaterialCheck {
 public:
  struct Verdict {
    std::optional<TlsMaterialFault> fault;
  };

  TlsMaterialCheck(std::string ca, std::string client_cert, Secret client_key);
  TlsMaterialCheck(TlsMaterialCheck&&) noexcept;
  ~TlsMaterialCheck();

  /// Works for about two milliseconds. None while there is more to do.
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
