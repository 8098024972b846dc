#include "logplex/net/tls/tls_material.hpp"

#include <algorithm>
#include <iterator>
#include <memory>
#include <string_view>
#include <utility>

#include <openssl/err.h>
#include <openssl/x509.h>

#include "logplex/net/tls/tls_limits.hpp"
#include "logplex/net/tls/tls_pem.hpp"

namespace sluice {
namespace {

constexpr std::size_t kMostAuthorities = 256;
constexpr std::size_t kLongestChain = 10;
constexpr std::size_t kCertificatesPerStep = 8;  // a quarter of a millisecond each
constexpr std::size_t kCaBytes = 256 << 10;
constexpr std::size_t kChainBytes = 64 << 10;
constexpr std::size_t kKeyBytes = 16 << 10;  // an RSA key of 4096 bits takes 3.3 KB

using Fault = std::optional<TlsMaterialFault>;

struct Part {
  const char* field;
  std::size_t most_bytes;
  std::size_t most;
};
constexpr Part kCa{"ca", kCaBytes, kMostAuthorities};
constexpr Part kChain{"client_cert", kChainBytes, kLongestChain};

TlsMaterialFault fault_of(const char* field, const std::string& sentence) {
  ::ERR_clear_error();
  return {field, std::string(field) + " " + sentence};
}

bool at_end_of_pem() {
  const unsigned long code = ::ERR_peek_last_error();
  return ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE;
}

/// OpenSSL skips blocks of other kinds: a private key among the certificates would be stored, and not as a secret.
bool has_other_blocks(std::string_view pem) {
  constexpr std::string_view kBegin = "-----BEGIN ";
  constexpr std::string_view kTaken[] = {"CERTIFICATE-----", "X509 CERTIFICATE-----", "TRUSTED CERTIFICATE-----"};
  for (std::size_t at = pem.find(kBegin); at != std::string_view::npos; at = pem.find(kBegin, at)) {
    at += kBegin.size();
    const auto kind = pem.substr(at);
    if (std::none_of(std::begin(kTaken), std::end(kTaken), [kind](auto taken) { return kind.starts_with(taken); }))
      return true;
  }
  return false;
}

Fault check_key(const Secret& pem, X509* certificate) {
  constexpr const char* kField = "client_key";
  if (pem.reveal().size() > kKeyBytes) return fault_of(kField, "must be at most 16 KiB");
  PemReader reader(pem.reveal());
  const PrivateKey key = reader.private_key();
  if (!key) return fault_of(kField, "must hold one private key as PEM text, without a passphrase");
  const PrivateKey second = reader.private_key();
  ::ERR_clear_error();
  if (second) return fault_of(kField, "must hold only one private key");
  if (auto why = key_fault(key.get(), KeyOwner::kOurs); !why.empty())
    return fault_of(kField, "is not accepted: " + why);
  if (::X509_check_private_key(certificate, key.get()) != 1)
    return fault_of(kField, "does not belong to the first certificate of client_cert");
  return std::nullopt;
}

}  // namespace

/// Reads the certificates of a text and checks their keys, some at a time.
struct TlsMaterialCheck::Reading {
  Reading(const Part& its_part, std::string its_pem) : part(its_part), pem(std::move(its_pem)), reader(pem) {}

  bool ended() const { return at_end || fault; }
  void go_on();
  Fault add(Certificate next);
  Fault end_of_text() const;

  const Part& part;
  const std::string pem;
  PemReader reader;
  std::size_t count = 0;
  Certificate first{nullptr, &::X509_free};
  bool at_end = false;
  Fault fault;
};

void TlsMaterialCheck::Reading::go_on() {
  if (count == 0 && pem.size() > part.most_bytes)
    fault = fault_of(part.field, "must be at most " + std::to_string(part.most_bytes >> 10) + " KiB");
  else if (count == 0 && has_other_blocks(pem))
    fault = fault_of(part.field, "must hold certificates only: it has a PEM block of another kind");
  ::ERR_clear_error();
  for (std::size_t i = 0; i < kCertificatesPerStep && !ended(); ++i) {
    Certificate next = reader.certificate();
    at_end = next == nullptr;
    fault = at_end ? end_of_text() : add(std::move(next));
  }
}

Fault TlsMaterialCheck::Reading::add(Certificate next) {
  if (count == part.most)
    return fault_of(part.field, "must hold at most " + std::to_string(part.most) + " certificates");
  const EVP_PKEY* key = ::X509_get0_pubkey(next.get());
  if (key == nullptr) return fault_of(part.field, "holds a certificate whose key cannot be read");
  if (auto why = key_fault(key, KeyOwner::kPeer); !why.empty()) return fault_of(part.field, "is not accepted: " + why);
  if (count++ == 0) first = std::move(next);
  return std::nullopt;
}

Fault TlsMaterialCheck::Reading::end_of_text() const {
  if (!at_end_of_pem()) return fault_of(part.field, "holds a certificate that cannot be read");
  if (count == 0) return fault_of(part.field, "must hold certificates as PEM text");
  ::ERR_clear_error();
  return std::nullopt;
}

TlsMaterialCheck::TlsMaterialCheck(std::string ca, std::string client_cert, Secret client_key)
    : client_key_(std::move(client_key)) {
  if (!ca.empty()) ca_ = std::make_unique<Reading>(kCa, std::move(ca));
  if (!client_cert.empty()) chain_ = std::make_unique<Reading>(kChain, std::move(client_cert));
}

TlsMaterialCheck::TlsMaterialCheck(TlsMaterialCheck&&) noexcept = default;
TlsMaterialCheck::~TlsMaterialCheck() = default;

std::optional<TlsMaterialCheck::Verdict> TlsMaterialCheck::step() {
  for (Reading* text : {ca_.get(), chain_.get()}) {
    if (text == nullptr || text->ended()) continue;
    if (text == chain_.get() && client_key_.empty())
      return Verdict{fault_of("client_key", "is missing: client_cert needs it")};
    text->go_on();
    if (text->fault) return Verdict{std::move(text->fault)};
    return std::nullopt;
  }
  if (chain_ != nullptr) return Verdict{check_key(client_key_, chain_->first.get())};
  if (!client_key_.empty()) return Verdict{fault_of("client_cert", "is missing: client_key needs it")};
  return Verdict{};
}

std::optional<TlsMaterialFault> check_tls_material(const std::string& ca, const std::string& client_cert,
                                                   const Secret& client_key) {
  TlsMaterialCheck check(ca, client_cert, client_key);
  std::optional<TlsMaterialCheck::Verdict> verdict;
  while (!verdict) verdict = check.step();
  return std::move(verdict->fault);
}

}  // namespace sluice
