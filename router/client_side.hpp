#pragma once

#include <cstddef>
#include <string_view>

#include "logplex/base/slot.hpp"
#include "router/message/head.hpp"

namespace sluice::router {

/// What happens to the client connection when an exchange ends.
enum class ExchangeEnd {
  kKeep,   // request and response are complete: the next request may follow
  kClose,  // the response is complete, but nothing may follow it; close once everything sent has arrived
  kAbort,  // the response is incomplete, and the client must notice it
};

/// The client's end of an exchange: one request over some protocol and transport. ClientConnection, HTTP/1 over TCP,
/// has one request at a time and is its own ClientSide; a protocol with many requests at once has a ClientSide for
/// each.
///
/// send_*() send or queue the bytes and return how many bytes the client gets. If blocked() is true afterwards, the
/// exchange stops reading from the backend until on_client_writable() is called. When the connection breaks during a
/// send, the exchange learns of it later, not in that call.
class ClientSide {
 public:
  /// Sends an interim response (1xx), if the client's protocol has them.
  virtual std::size_t send_interim(const ResponseHead& head) = 0;
  /// Sends the head and the first part of the body, which has chunks if and only if the request takes_chunks() and the
  /// head says so. `keep`: the whole request has come, so another may follow.
  virtual std::size_t send_head(const ResponseHead& head, std::string_view body, bool keep) = 0;
  virtual std::size_t send_body(std::string_view bytes) = 0;
  /// Sends 100 Continue: asks the client for the request's body.
  virtual std::size_t send_continue() = 0;
  virtual bool blocked() const = 0;
  /// Counts the client connection for this app from now on. False when the app already has as many as it may have.
  virtual bool take_share_of(AppSlot app) = 0;
  /// The client has closed its sending side after its request: it may be waiting for the response, or it may be gone.
  virtual bool may_be_gone() const = 0;
  /// The client has acknowledged everything that was sent.
  virtual bool has_taken_all() const = 0;
  /// In a tunnel: closes the sending side once everything has gone out.
  virtual void finish_sending() = 0;
  /// The exchange accepts bytes of the request again.
  virtual void read_more() = 0;
  /// After a 101: passes bytes both ways as they come from now on.
  virtual void become_tunnel() = 0;
  /// The exchange touches the client's side no more. It must not begin another request within this call.
  virtual void on_exchange_end(ExchangeEnd end) = 0;

 protected:
  ~ClientSide() = default;
};

}  // namespace sluice::router
