#include "router/http1/response.hpp"

#include "router/http1/scan.hpp"

namespace sluice::router::http1 {

template class HeadParser<ResponseParser>;

void ResponseParser::reset(bool to_head) {
  reset_head();
  to_head_ = to_head;
  has_date_ = false;
  status_ = 0;
  status_and_reason_ = {};
}

BodyKind ResponseParser::body() const {
  if (bodiless()) return BodyKind::kNone;
  if (transfer_encoding_.present()) return BodyKind::kChunked;
  if (!content_length_.known()) return BodyKind::kUntilClose;
  return content_length_.value() > 0 ? BodyKind::kLength : BodyKind::kNone;
}

bool ResponseParser::keep_alive() const {
  if (minor_version_ == 0 ? !connection_.keep_alive || connection_.close : connection_.close) return false;
  if (transfer_encoding_.present() && content_length_.known()) return false;
  // If a backend sends a body where none is allowed, we would take the body for the next response.
  if (status_ == 204 || status_ == 304) return !transfer_encoding_.present() && content_length_.value() == 0;
  return body() != BodyKind::kUntilClose;
}

Progress ResponseParser::read_first_line(std::size_t size) {
  if (size > 0 && head_[0] != 'H') return fail(HeadError::kBadStatusLine);
  const LineScanner::Bounds bounds{limits_.start_line, limits_.head, HeadError::kStatusLineTooLong};
  Span line;
  const Progress found = lines_.next(head_, size, bounds, line);
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
  minor_version_ = whole[7] == '0' ? 0 : 1;
  for (std::size_t i = kStatusAt; i < kStatusAt + 3; ++i) {
    if (!is_char(whole[i], kDigitChar)) return HeadError::kBadStatusLine;
    status_ = status_ * 10 + static_cast<unsigned>(whole[i] - '0');
  }
  if (status_ < 100) return HeadError::kBadStatusLine;
  if (whole.size() > kStatusAt + 3 && whole[kStatusAt + 3] != ' ') return HeadError::kBadStatusLine;
  status_and_reason_ = {static_cast<std::uint32_t>(line.at + kStatusAt),
                        static_cast<std::uint32_t>(line.size - kStatusAt)};
  return HeadError::kNone;
}

HeadError ResponseParser::on_field(const Field& field) {
  const std::string_view value = text(field.value);
  switch (field.kind) {
    case FieldKind::kConnection:
      return connection_.read(value);
    case FieldKind::kContentLength:
      return content_length_.read(value);
    case FieldKind::kTransferEncoding:
      return transfer_encoding_.read(value);
    case FieldKind::kDate:
      has_date_ = true;
      return HeadError::kNone;
    default:
      return HeadError::kNone;
  }
}

HeadError ResponseParser::finish() {
  if (transfer_encoding_.present()) {
    if (minor_version_ == 0) return HeadError::kTransferEncodingIn10;
    if (const HeadError error = transfer_encoding_.finish(); error != HeadError::kNone) return error;
  }
  return connection_.names_fields ? fields_.apply_connection(head_) : HeadError::kNone;
}

}  // namespace sluice::router::http1
