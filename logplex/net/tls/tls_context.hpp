#pragma once

#include <memory>
#include <optional>
#include <string>

#include "logplex/base/result.hpp"
#include "logplex/base/secret.hpp"

namespace sluice {

struct TlsClientOptions {
  std::string ca_file;       // PEM file with the CAs to trust; empty = the system's
  std::string ca_pem;        // the same as text; both are trusted when both are given
  std::string client_chain;  // PEM text of our certificate and its chain; empty = none
  Secret client_key;         // PEM text
  bool insecure = false;     // accept any certificate and any name
};

struct TlsServerOptions {
  std::string chain;  // PEM text of our certificate and its chain
  Secret key;         // PEM text
};

/// Our TLS settings within the limits of set_limits(): as a client, the CAs we trust and our own certificate; as a
/// server, our certificate, and clients show none. Immutable after it is made; shared by the connections that use it;
/// any thread.
class TlsContext {
 public:
  /// For accept_tls(). The error, kTlsMaterial, says which part is unusable.
  static result<std::shared_ptr<const TlsContext>, Error> make_server(const TlsServerOptions& options);
  /// The error, kTlsMaterial, says which part is unusable. Reads files, so call it at start-up or on a lane. Takes a
  /// quarter of a millisecond for each certificate; TlsContextMaker does the same in steps.
  static result<std::shared_ptr<const TlsContext>, Error> make(const TlsClientOptions& options);

  struct Native;  // the OpenSSL side, for files named tls* only
  const Native& native() const { return *native_; }
  bool insecure() const { return insecure_; }
  bool is_server() const { return is_server_; }
  ~TlsContext();

 private:
  friend class TlsContextMaker;
  TlsContext() = default;

  std::unique_ptr<Native> native_;
  bool insecure_ = false;
  bool is_server_ = false;
};

/// Makes a TlsContext step by step, for a lane on which other jobs wait. One thread at a time.
class TlsContextMaker {
 public:
  using Made = result<std::shared_ptr<const TlsContext>, Error>;

  explicit TlsContextMaker(TlsClientOptions options);
  TlsContextMaker(TlsContextMaker&&) noexcept;
  ~TlsContextMaker();

  /// Works for about two milliseconds. None while there is more to do.
  std::optional<Made> step();

 private:
  struct Authorities;

  result<void, Error> begin();
  Made end();

  TlsClientOptions options_;
  std::shared_ptr<TlsContext> made_;
  std::unique_ptr<Authorities> authorities_;  // while they are read
};

}  // namespace sluice
