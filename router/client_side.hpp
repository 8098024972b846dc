#pragma once

#include <cstddef>
#include <string_view>

#include "logplex/base/slot.hpp"
#include "router/http1/response.hpp"

namespace sluice::router {

/// How an exchange leaves its client.
enum class ExchangeEnd {
  kKeep,   // the next request may follow
  kClose,  // what was sent is to arrive, then the connection closes
  kAbort,  // the response is not whole, and the client must be able to tell
};

/// The client's end of an exchange: one request on some protocol over some transport. HTTP/1 over TCP today.
///
/// send_*() take the bytes or queue them, and return how many bytes that is for the client. When blocked() says so
/// afterwards, the exchange stops reading from the backend until it is told that the client is writable. A client that
/// breaks while being sent to says so later, not in the call.
class ClientSide {
 public:
  /// Content without chunked framing is wanted.
  virtual bool wants_decoded() const = 0;
  virtual std::size_t send_interim(const http1::ResponseParser& head) = 0;
  virtual std::size_t send_head(const http1::ResponseParser& head, std::string_view body, bool keep) = 0;
  virtual std::size_t send_body(std::string_view bytes) = 0;
  /// A small page of ours that says what the status means, and after how many seconds to try again (0 = not said).
  virtual std::size_t send_page(unsigned status, unsigned retry_after) = 0;
  /// 100 Continue: the request's body is wanted.
  virtual std::size_t send_continue() = 0;
  virtual bool blocked() const = 0;
  /// Counts the client for this app from now on. False when the app has as many as it may have.
  virtual bool take_share_of(AppSlot app) = 0;
  /// It has closed its sending side after its request: maybe it waits for the response, maybe it is gone.
  virtual bool may_be_gone() const = 0;
  virtual bool has_taken_all() const = 0;
  /// Nothing more will be sent, within a tunnel.
  virtual void finish_sending() = 0;
  /// The exchange takes bytes of the request again.
  virtual void read_more() = 0;
  /// From here on bytes go both ways as they come (after a 101).
  virtual void become_tunnel() = 0;
  virtual void on_exchange_end(ExchangeEnd end) = 0;

 protected:
  ~ClientSide() = default;
};

}  // namespace sluice::router
