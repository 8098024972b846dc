#pragma once

#include <boost/asio/ssl/context.hpp>

#include "logplex/net/tls_context.hpp"

namespace sluice {

/// The OpenSSL side of a TlsContext.
struct TlsContext::Native {
  Native() : context(boost::asio::ssl::context::tls_client) {}
  mutable boost::asio::ssl::context context;
};

/// OpenSSL's newest error as text, without file and line; clears its queue.
std::string take_tls_error();

}  // namespace sluice
