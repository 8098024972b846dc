#pragma once

#include <cstddef>
#include <cstdint>

#include "router/http1/errors.hpp"
#include "router/http1/request.hpp"

namespace sluice::http1 {

/// One step through a body: how many bytes belong together, and whether they are content or framing.
struct BodyPiece {
  std::size_t size = 0;
  bool content = false;
};

/// Follows a chunked body (RFC 9112 section 7.1) over any number of spans. It accepts what the grammar allows and
/// nothing else: no bare LF, no blank behind a size, no sign, no chunk-extension that is none.
class ChunkScanner {
 public:
  /// The bytes of [data, data + size) up to the next change between framing and content. size > 0, not done() or bad().
  /// On an error the piece ends before the byte at fault.
  BodyPiece step(const char* data, std::size_t size);
  bool done() const { return state_ == State::kDone; }
  bool bad() const { return state_ == State::kBad; }
  ChunkError error() const { return error_; }

 private:
  enum class State : std::uint8_t {
    kSize,      // first digit of a size
    kMoreSize,  // further digits
    kBlankAfterSize,
    kExtensionStart,
    kExtension,
    kSizeLf,
    kContent,
    kContentCr,
    kContentLf,
    kLineStart,  // of a trailer line or the last empty line
    kTrailerName,
    kTrailerValue,
    kTrailerLf,
    kLastLf,
    kDone,
    kBad,
  };

  State next(char c);
  State on_size(char c);
  State on_blank_after_size(char c);
  State on_extension(char c);
  State on_size_end();
  State on_trailer_name(char c);
  State on_trailer_value(char c);
  State fail(ChunkError error);
  State expect(char c, char wanted, State then);

  static constexpr std::uint32_t kLongestLine = 4096;
  static constexpr std::uint32_t kLongestTrailers = 16384;
  static constexpr std::uint32_t kLongestFramingName = 17;  // transfer-encoding

  State state_ = State::kSize;
  ChunkError error_ = ChunkError::kNone;
  std::uint8_t digits_ = 0;
  std::uint32_t line_size_ = 0;  // of the size line, then of all trailers
  std::uint64_t left_ = 0;       // content bytes of this chunk
  std::uint32_t name_size_ = 0;
  char name_[kLongestFramingName] = {};
};

/// Follows a body of any kind: which of the bytes that arrive belong to it.
class BodyScanner {
 public:
  void start(BodyKind kind, std::uint64_t length);

  /// As ChunkScanner::step, for every kind. size > 0, not done() or bad().
  BodyPiece step(const char* data, std::size_t size);
  /// How many of the bytes belong to the body: fewer than `size` when it ends there or is bad from there on.
  std::size_t take(const char* data, std::size_t size);
  /// Copies the content among the bytes that take() would count to `out`, without framing; returns how many bytes of
  /// content. `taken` is what take() would return. `out` may be `data`.
  std::size_t decode(const char* data, std::size_t size, char* out, std::size_t& taken);

  bool done() const;
  bool bad() const { return kind_ == BodyKind::kChunked && chunks_.bad(); }
  ChunkError error() const { return chunks_.error(); }
  BodyKind kind() const { return kind_; }

 private:
  BodyKind kind_ = BodyKind::kNone;
  std::uint64_t left_ = 0;
  ChunkScanner chunks_;
};

}  // namespace sluice::http1
