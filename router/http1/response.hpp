#pragma once

#include <cstdint>
#include <string_view>

#include "router/http1/request.hpp"

namespace sluice::router::http1 {

/// Reads one response head of a backend. parse(), views and slack are as in RequestParser.
class ResponseParser : public HeadParser<ResponseParser> {
 public:
  explicit ResponseParser(const HeadLimits& limits) : HeadParser(limits) {}

  /// `to_head`: the request was HEAD, so no body follows, whatever the fields say.
  void reset(bool to_head);

  unsigned status() const { return status_; }
  /// 100..199: another head follows; 101 ends HTTP on this connection.
  bool interim() const { return status_ < 200 && status_ != 101; }
  /// The rest of the status line, from the status on: "200 OK".
  std::string_view status_and_reason() const { return text(status_and_reason_); }

  BodyKind body() const;
  std::uint64_t content_length() const { return content_length_.value(); }
  bool has_content_length() const { return content_length_.known(); }
  bool chunked() const { return transfer_encoding_.present(); }
  /// The backend keeps the connection open, and the head leaves no doubt about where the body ends.
  bool keep_alive() const;
  bool has_date() const { return has_date_; }

 private:
  friend class HeadParser<ResponseParser>;

  Progress read_first_line(std::size_t size);
  HeadError split_status_line(Span line);
  HeadError on_field(const Field& field);
  HeadError finish();
  bool bodiless() const { return to_head_ || status_ < 200 || status_ == 204 || status_ == 304; }

  bool to_head_ = false;
  bool has_date_ = false;
  unsigned status_ = 0;
  Span status_and_reason_;
};
extern template class HeadParser<ResponseParser>;

}  // namespace sluice::router::http1
