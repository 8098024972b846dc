#pragma once

#include <string>

#include <boost/asio/ssl/context.hpp>
#include <openssl/ssl.h>

#include "logplex/net/tls/tls_context.hpp"

namespace sluice {

/// The OpenSSL side of a TlsContext.
struct TlsContext::Native {
  explicit Native(bool server = false)
      : context(server ? boost::asio::ssl::context::tls_server : boost::asio::ssl::context::tls_client) {}
  mutable boost::asio::ssl::context context;
};

/// OpenSSL's newest error as text, without file and line; clears its queue.
std::string take_tls_error();

/// Sends the name as SNI. False when OpenSSL refuses it. (SSL_set_tlsext_host_name is a macro with an old-style cast.)
inline bool set_server_name(SSL* ssl, const std::string& name) {
  char* text = const_cast<char*>(name.c_str());
  return ::SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, text) == 1;
}

}  // namespace sluice
