#include "router/http1/body.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "router/http1/fields.hpp"
#include "router/http1/scan.hpp"

namespace sluice::router::http1 {
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

std::size_t ChunkScanner::pass_on(char* data, std::size_t size, std::size_t& taken) {
  std::size_t kept = 0;
  taken = 0;
  while (taken < size && !done() && !bad()) {
    if (state_ == State::kSize || state_ == State::kLineStart) {
      std::size_t used = 0;
      kept += pass_line(data + taken, size - taken, data + kept, used);
      if (used == 0) break;
      taken += used;
      continue;
    }
    const BodyPiece piece = step(data + taken, state_ == State::kContent ? size - taken : 1);
    if (kept != taken) std::memmove(data + kept, data + taken, piece.size);
    kept += piece.size;
    taken += piece.size;
  }
  return kept;
}

/// Passes on one size or trailer line. `used` stays 0 when the end of the line has not come or its first byte is bad.
std::size_t ChunkScanner::pass_line(char* data, std::size_t size, char* out, std::size_t& used) {
  const ChunkScanner before = *this;
  do {
    state_ = next(data[used]);
    if (state_ == State::kBad) return 0;
  } while (++used < size && !at_line_end());
  if (at_line_end()) return put_line(data, used, before.state_ == State::kLineStart, out);
  *this = before;
  used = 0;
  return 0;
}

std::size_t ChunkScanner::put_line(const char* line, std::size_t size, bool trailer, char* out) const {
  constexpr std::size_t kCrlf = 2;
  const bool canonical = size == digits_ + kCrlf && (digits_ == 1 || line[0] != '0');
  if (!trailer && !canonical) return put_size(out);
  if (trailer && size > kCrlf && !may_be_trailer({line, name_size_})) return 0;
  if (out != line) std::memmove(out, line, size);
  return size;
}

/// Never longer than the line that it replaces.
std::size_t ChunkScanner::put_size(char* out) const {
  char* const end = std::to_chars(out, out + kMostSizeDigits, left_, 16).ptr;
  end[0] = '\r';
  end[1] = '\n';
  return static_cast<std::size_t>(end - out) + 2;
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

/// The strict rules allow blanks only before a `;`, not as padding of a size.
ChunkScanner::State ChunkScanner::on_blank_after_size(char c) {
  if (++line_size_ > kLongestLine) return fail(ChunkError::kLineTooLong);
  if (c == ';') return State::kExtensionStart;
  if (c == '\r' && rules_ == ChunkRules::kLenient) return State::kSizeLf;
  return is_blank(c) ? State::kBlankAfterSize : fail(ChunkError::kBadSize);
}

ChunkScanner::State ChunkScanner::on_extension(char c) {
  if (++line_size_ > kLongestLine) return fail(ChunkError::kLineTooLong);
  if (state_ == State::kExtensionStart && rules_ == ChunkRules::kStrict) {
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

void BodyScanner::start(BodyKind kind, std::uint64_t length, ChunkRules rules) {
  kind_ = kind;
  left_ = kind == BodyKind::kLength ? length : 0;
  if (kind == BodyKind::kChunked) chunks_ = ChunkScanner(rules);
}

bool BodyScanner::done() const {
  switch (kind_) {
    case BodyKind::kNone:
      return true;
    case BodyKind::kLength:
      return left_ == 0;
    case BodyKind::kChunked:
      return chunks_.done();
    case BodyKind::kUntilEnd:
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
    case BodyKind::kUntilEnd:
      return {size, true};
    case BodyKind::kLength:
      break;
  }
  const std::size_t here = static_cast<std::size_t>(std::min<std::uint64_t>(left_, size));
  left_ -= here;
  return {here, true};
}

std::size_t BodyScanner::pass_on(char* data, std::size_t size, std::size_t& taken) {
  if (kind_ == BodyKind::kChunked) return chunks_.pass_on(data, size, taken);
  taken = size == 0 || done() ? 0 : step(data, size).size;
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

}  // namespace sluice::router::http1
