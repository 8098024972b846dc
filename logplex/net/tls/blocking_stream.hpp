#pragma once

#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "logplex/base/result.hpp"
#include "logplex/net/tls/tls_context.hpp"

namespace sluice {

/// A client connection for programs without shards, such as the command line: every call blocks, for at most the
/// patience set last. One thread. Not for the daemon: it would block its whole shard.
class BlockingStream {
 public:
  virtual ~BlockingStream() = default;

  virtual void set_patience(std::chrono::milliseconds patience) = 0;
  /// Reads at least one byte. Errors: asio::error::eof at the end, kTimedOut, others as the socket gives them.
  virtual result<std::size_t> read_some(std::span<char> into) = 0;
  /// Writes at least one byte, unless `bytes` is empty.
  virtual result<std::size_t> write_some(std::string_view bytes) = 0;
};

/// Resolves and connects, with TLS when a context is given: the certificate must be trusted and name the host.
/// Errors: kNoSuchHost, kConnectFailed, kTimedOut, kTlsHandshake, kTlsCertificate, each with a reason in words.
result<std::unique_ptr<BlockingStream>, Error> connect_blocking(const std::string& host, const std::string& port,
                                                                std::shared_ptr<const TlsContext> tls,
                                                                std::chrono::milliseconds patience);

}  // namespace sluice
