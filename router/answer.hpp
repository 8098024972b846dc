#pragma once

#include <string>
#include <string_view>

#include "router/http1/head_block.hpp"
#include "router/message/head.hpp"

namespace sluice::router {

/// A whole response that is made here, such as an error page or a redirect, in the form in which backends' responses
/// are passed on. The client's side adds what every response gets: Date, Via and the framing of its protocol.
///
/// Not tied to a thread. Keeps its memory for the next answer.
class Answer {
 public:
  Answer();

  /// Begins a new answer. `status_and_reason`: "404 Not Found".
  void begin(unsigned status, std::string_view status_and_reason);
  /// False when the field is not one: then the answer is still whole, without it. Content-Length is set by finish().
  bool add(std::string_view name, std::string_view value);
  /// `to_head`: the request was HEAD, so the body is left out, and only its length is stated.
  void finish(std::string_view body, bool to_head);

  // Valid after finish(), until the next change.
  const ResponseHead& head() const { return head_; }
  std::string_view body() const { return body_; }

 private:
  http1::HeadBlock block_;
  ResponseHead head_;
  std::string body_;
};

}  // namespace sluice::router
