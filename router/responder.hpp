#pragma once

#include <string_view>

namespace sluice::router {

class Exchange;

/// Whatever can answer a request: a connection to a backend, or something that has the answer itself. The other side of
/// ClientSide. An exchange has one responder at a time.
///
/// It answers by calling Exchange::on_interim(), on_response(), on_response_bytes(), on_fault() and
/// on_responder_gone(), from within begin() and send_body() or later. Each of these calls may end the exchange. From
/// release() or close() on the responder makes no further call, and the exchange does not touch it again: it ends or
/// finds other work by itself.
///
/// Lives on the exchange's shard.
class Responder {
 public:
  /// Begins to answer Exchange::request(). `body`: what there is of the request's body; `complete`: that is all of it.
  /// False when the responder can take no more of the request, although an answer may still come.
  virtual bool begin(Exchange& exchange, std::string_view body, bool complete) = 0;
  /// Takes the next part of the request's body, or in a tunnel the next bytes. False as in begin().
  virtual bool send_body(std::string_view bytes, bool complete) = 0;
  /// It takes no more of the request now; Exchange::on_responder_writable() will be called.
  virtual bool blocked() const = 0;
  /// The client takes no more of the response now: no calls until resume().
  virtual void pause() = 0;
  virtual void resume() = 0;
  /// In a tunnel: the client has closed its sending side.
  virtual void finish_sending() = 0;
  /// The response is complete. `request_complete`: the whole request was sent too.
  virtual void release(bool request_complete) = 0;
  /// The exchange gives up.
  virtual void close() = 0;

 protected:
  ~Responder() = default;
};

}  // namespace sluice::router
