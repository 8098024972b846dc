#pragma once

#include <cstdint>
#include <string_view>

#include "router/http1/request.hpp"

namespace sluice::router::http1 {

/// Reads one response head of a backend. parse(), views and slack are as in RequestParser.
class ResponseParser : public HeadParser<ResponseParser, ResponseHead> {
 public:
  explicit ResponseParser(const HeadLimits& limits) : HeadParser(limits) {}

  /// `to_head`: the request was HEAD, so no body follows, whatever the fields say.
  void reset(bool to_head);

  /// The backend keeps the connection open, and the head leaves no doubt about where the body ends.
  bool keep_alive() const;

 private:
  friend class HeadParser<ResponseParser, ResponseHead>;

  Progress read_first_line(std::size_t size);
  HeadError split_status_line(Span line);
  HeadError on_field(const Field& field);
  HeadError finish();

  bool http_1_0_ = false;
};
extern template class HeadParser<ResponseParser, ResponseHead>;

}  // namespace sluice::router::http1
