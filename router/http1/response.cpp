#include "router/http1/response.hpp"

#include "router/http1/scan.hpp"

namespace sluice::router::http1 {

template class HeadParser<ResponseParser, ResponseHead>;

void ResponseParser::reset(bool to_head) {
  reset_head();
  head_.to_head = to_head;
}

bool ResponseParser::keep_alive() const {
  if (http_1_0_ ? !connection_.keep_alive || connection_.close : connection_.close) return false;
  if (head_.chunked && head_.has_length) return false;
  // If a backend sends a body where none is allowed, we would take the body for the next response.
  if (head_.status == 204 || head_.status == 304) return !head_.chunked && head_.length == 0;
  return head_.body() != BodyKind::kUntilEnd;
}

Progress ResponseParser::read_first_line(std::size_t size) {
  if (size > 0 && bytes()[0] != 'H') return fail(HeadError::kBadStatusLine);
  const LineScanner::Bounds bounds{limits_.start_line, limits_.head, HeadError::kStatusLineTooLong};
  Span line;
  const Progress found = lines_.next(bytes(), size, bounds, line);
  if (found == Progress::kMore) return found;
  if (found == Progress::kError) return fail(lines_.error());
  const HeadError error = split_status_line(line);
  return error == HeadError::kNone ? Progress::kDone : fail(error);
}

/// `HTTP/1.x SP 3DIGIT [SP reason]`. The space before an empty reason may be missing: many servers leave it out.
HeadError ResponseParser::split_status_line(Span line) {
  constexpr std::size_t kStatusAt = 9;
  const std::string_view whole = text(line);
  if (whole.size() < kStatusAt + 3 || !whole.starts_with("HTTP/1.") || whole[8] != ' ')
    return HeadError::kBadStatusLine;
  if (!is_char(whole[7], kDigitChar)) return HeadError::kBadStatusLine;
  http_1_0_ = whole[7] == '0';
  for (std::size_t i = kStatusAt; i < kStatusAt + 3; ++i) {
    if (!is_char(whole[i], kDigitChar)) return HeadError::kBadStatusLine;
    head_.status = head_.status * 10 + static_cast<unsigned>(whole[i] - '0');
  }
  if (head_.status < 100) return HeadError::kBadStatusLine;
  if (whole.size() > kStatusAt + 3 && whole[kStatusAt + 3] != ' ') return HeadError::kBadStatusLine;
  head_.status_and_reason_at = {static_cast<std::uint32_t>(line.at + kStatusAt),
                                static_cast<std::uint32_t>(line.size - kStatusAt)};
  return HeadError::kNone;
}

HeadError ResponseParser::on_field(const Field& field) {
  const std::string_view value = text(field.value);
  switch (field.kind) {
    case FieldKind::kConnection:
      return connection_.read(value);
    case FieldKind::kContentLength:
      return read_content_length(value, head_);
    case FieldKind::kTransferEncoding:
      return read_coding(value);
    case FieldKind::kDate:
      head_.has_date = true;
      return HeadError::kNone;
    default:
      return HeadError::kNone;
  }
}

HeadError ResponseParser::finish() {
  if (transfer_encoding_.present()) {
    if (http_1_0_) return HeadError::kTransferEncodingIn10;
    if (const HeadError error = transfer_encoding_.finish(); error != HeadError::kNone) return error;
  }
  return connection_.names_fields ? fields_.apply_connection(bytes()) : HeadError::kNone;
}

}  // namespace sluice::router::http1
