#pragma once

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/raw_client.hpp"

namespace sluice {

/// A certificate and its key as PEM text.
struct TestIdentity {
  std::string chain;
  std::string key;
};

/// A certificate authority that a test makes, and what it signs.
class TestCertificates {
 public:
  explicit TestCertificates(const std::string& name = "Test CA");
  ~TestCertificates();

  const std::string& ca_pem() const { return ca_pem_; }
  /// `alt_name` as OpenSSL writes it: "DNS:localhost", "IP:127.0.0.1". Valid from yesterday for `days`, so that a
  /// negative number makes an expired one.
  TestIdentity sign(const std::string& common_name, const std::string& alt_name, int days = 30) const;

 private:
  struct Native;
  std::unique_ptr<Native> native_;
  std::string ca_pem_;
};

struct TestTlsServerOptions {
  TestIdentity identity;
  std::string client_ca_pem;  // non-empty: a client certificate signed by it is required
  std::string answer;         // sent after the first bytes of the client
  bool close_after_answer = true;
};

/// A TLS server on 127.0.0.1 with a thread of its own: one connection after the other; reads some bytes, writes the
/// answer, closes.
class TestTlsServer {
 public:
  explicit TestTlsServer(TestTlsServerOptions options);
  ~TestTlsServer();
  std::uint16_t port() const { return listener_.port(); }
  /// What the clients sent, one entry a connection. After the connections ended.
  std::vector<std::string> received();

 private:
  struct Native;
  void serve();

  const TestTlsServerOptions options_;
  RawListener listener_;
  std::unique_ptr<Native> native_;
  std::thread thread_;
};

}  // namespace sluice
