#include "router/http1/body.hpp"

#include <algorithm>
#include <cstring>

#include "router/http1/scan.hpp"

namespace sluice::http1 {
namespace {

constexpr std::uint8_t kMostSizeDigits = 16;

unsigned hex_digit(char c) {
  return c <= '9' ? static_cast<unsigned>(c - '0') : static_cast<unsigned>((c | 0x20) - 'a') + 10;
}

/// Fields that may not stand in a trailer because they frame or route the message (RFC 9110 section 6.5.1).
bool forbidden_in_trailer(std::string_view name) {
  const FieldKind kind = kind_of(name);
  return kind == FieldKind::kTransferEncoding || kind == FieldKind::kContentLength || kind == FieldKind::kHost;
}

}  // namespace

ChunkScanner::State ChunkScanner::fail(ChunkError error) {
  error_ = error;
  return State::kBad;
}

ChunkScanner::State ChunkScanner::expect(char c, char wanted, State then) {
  return c == wanted ? then : fail(ChunkError::kMissingCrlf);
}

BodyPiece ChunkScanner::step(const char* data, std::size_t size) {
  if (state_ == State::kContent) {
    const std::size_t here = static_cast<std::size_t>(std::min<std::uint64_t>(left_, size));
    left_ -= here;
    if (left_ == 0) state_ = State::kContentCr;
    return {here, true};
  }
  std::size_t used = 0;
  while (used < size) {
    state_ = next(data[used]);
    if (state_ == State::kBad) return {used, false};
    ++used;
    if (state_ == State::kContent || state_ == State::kDone) break;
  }
  return {used, false};
}

ChunkScanner::State ChunkScanner::next(char c) {
  switch (state_) {
    case State::kSize:
      digits_ = 0;
      line_size_ = 0;
      left_ = 0;
      [[fallthrough]];
    case State::kMoreSize:
      return on_size(c);
    case State::kBlankAfterSize:
      return on_blank_after_size(c);
    case State::kExtensionStart:
    case State::kExtension:
      return on_extension(c);
    case State::kSizeLf:
      return c == '\n' ? on_size_end() : fail(ChunkError::kMissingCrlf);
    case State::kContentCr:
      return expect(c, '\r', State::kContentLf);
    case State::kContentLf:
      return expect(c, '\n', State::kSize);
    case State::kLineStart:
      name_size_ = 0;
      [[fallthrough]];
    case State::kTrailerName:
      return on_trailer_name(c);
    case State::kTrailerValue:
      return on_trailer_value(c);
    case State::kTrailerLf:
      return c == '\n' ? State::kLineStart : fail(ChunkError::kBadTrailer);
    case State::kLastLf:
      return c == '\n' ? State::kDone : fail(ChunkError::kBadTrailer);
    case State::kContent:
    case State::kDone:
    case State::kBad:
      break;
  }
  return State::kBad;
}

ChunkScanner::State ChunkScanner::on_size(char c) {
  if (is_char(c, kHexChar)) {
    if (digits_ == kMostSizeDigits || left_ >> 59 != 0) return fail(ChunkError::kSizeOverflow);
    left_ = left_ << 4 | hex_digit(c);
    ++digits_;
    return State::kMoreSize;
  }
  if (digits_ == 0) return fail(ChunkError::kBadSize);
  if (c == '\r') return State::kSizeLf;
  if (c == ';') return State::kExtensionStart;
  return is_blank(c) ? State::kBlankAfterSize : fail(ChunkError::kBadSize);
}

/// Blanks are allowed before a `;` only, and not as padding of a size.
ChunkScanner::State ChunkScanner::on_blank_after_size(char c) {
  if (++line_size_ > kLongestLine) return fail(ChunkError::kLineTooLong);
  if (c == ';') return State::kExtensionStart;
  return is_blank(c) ? State::kBlankAfterSize : fail(ChunkError::kBadSize);
}

ChunkScanner::State ChunkScanner::on_extension(char c) {
  if (++line_size_ > kLongestLine) return fail(ChunkError::kLineTooLong);
  if (state_ == State::kExtensionStart) {
    if (is_blank(c)) return State::kExtensionStart;
    return is_char(c, kTokenChar) ? State::kExtension : fail(ChunkError::kBadExtension);
  }
  if (c == '\r') return State::kSizeLf;
  return is_control(c) ? fail(ChunkError::kBadExtension) : State::kExtension;
}

ChunkScanner::State ChunkScanner::on_size_end() {
  line_size_ = 0;
  return left_ > 0 ? State::kContent : State::kLineStart;
}

ChunkScanner::State ChunkScanner::on_trailer_name(char c) {
  if (++line_size_ > kLongestTrailers) return fail(ChunkError::kTrailersTooLarge);
  if (name_size_ == 0 && c == '\r') return State::kLastLf;
  if (c == ':') {
    const bool whole = name_size_ <= kLongestFramingName;
    if (name_size_ == 0 || (whole && forbidden_in_trailer({name_, name_size_}))) return fail(ChunkError::kBadTrailer);
    return State::kTrailerValue;
  }
  if (!is_char(c, kTokenChar)) return fail(ChunkError::kBadTrailer);
  if (name_size_ < kLongestFramingName) name_[name_size_] = c;
  ++name_size_;
  return State::kTrailerName;
}

ChunkScanner::State ChunkScanner::on_trailer_value(char c) {
  if (++line_size_ > kLongestTrailers) return fail(ChunkError::kTrailersTooLarge);
  if (c == '\r') return State::kTrailerLf;
  return is_control(c) ? fail(ChunkError::kBadTrailer) : State::kTrailerValue;
}

void BodyScanner::start(BodyKind kind, std::uint64_t length) {
  kind_ = kind;
  left_ = kind == BodyKind::kLength ? length : 0;
  chunks_ = {};
}

bool BodyScanner::done() const {
  switch (kind_) {
    case BodyKind::kNone:
      return true;
    case BodyKind::kLength:
      return left_ == 0;
    case BodyKind::kChunked:
      return chunks_.done();
    case BodyKind::kUntilClose:
      return false;
  }
  return true;
}

BodyPiece BodyScanner::step(const char* data, std::size_t size) {
  switch (kind_) {
    case BodyKind::kNone:
      return {};
    case BodyKind::kChunked:
      return chunks_.step(data, size);
    case BodyKind::kUntilClose:
      return {size, true};
    case BodyKind::kLength:
      break;
  }
  const std::size_t here = static_cast<std::size_t>(std::min<std::uint64_t>(left_, size));
  left_ -= here;
  return {here, true};
}

std::size_t BodyScanner::take(const char* data, std::size_t size) {
  std::size_t taken = 0;
  while (taken < size && !done() && !bad()) taken += step(data + taken, size - taken).size;
  return taken;
}

std::size_t BodyScanner::decode(const char* data, std::size_t size, char* out, std::size_t& taken) {
  std::size_t content = 0;
  taken = 0;
  while (taken < size && !done() && !bad()) {
    const BodyPiece piece = step(data + taken, size - taken);
    if (piece.content) std::memmove(out + content, data + taken, piece.size);
    if (piece.content) content += piece.size;
    taken += piece.size;
  }
  return content;
}

}  // namespace sluice::http1
