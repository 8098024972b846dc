#pragma once

#include <cstddef>
#include <cstdint>

#include "router/http1/errors.hpp"
#include "router/message/head.hpp"

namespace sluice::router::http1 {

/// One piece of a body: how many bytes belong together, and whether they are content or framing.
struct BodyPiece {
  std::size_t size = 0;
  bool content = false;
};

/// How far a chunked body may depart from the grammar. Line ends and sizes never may.
enum class ChunkRules : std::uint8_t {
  kStrict,   // for requests: exactly the grammar
  kLenient,  // for responses: some backends send blanks after a size, or any text as an extension
};

/// Follows a chunked body (RFC 9112 section 7.1) over any number of buffers. It accepts exactly the grammar: no bare
/// LF, no blank after a size, no sign, no malformed extension. ChunkRules says what may differ.
class ChunkScanner {
 public:
  ChunkScanner() = default;
  explicit ChunkScanner(ChunkRules rules) : rules_(rules) {}

  /// Rewrites the body's next bytes in place into the form that is passed on: each size line is written anew without
  /// its extension, and forbidden trailers (see may_be_trailer) are left out. Returns the new size; `taken` is how many
  /// bytes were used. A line whose end has not come yet stays unused: pass it again with more bytes behind it. Such a
  /// rest is shorter than kLongestTrailers.
  std::size_t pass_on(char* data, std::size_t size, std::size_t& taken);
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
    kLineStart,  // start of a trailer line or of the last empty line
    kTrailerName,
    kTrailerValue,
    kTrailerLf,
    kLastLf,
    kDone,
    kBad,
  };

  bool at_line_end() const {
    return state_ == State::kContent || state_ == State::kLineStart || state_ == State::kDone;
  }
  std::size_t pass_line(char* data, std::size_t size, char* out, std::size_t& used);
  std::size_t put_line(const char* line, std::size_t size, bool trailer, char* out) const;
  std::size_t put_size(char* out) const;
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

  ChunkRules rules_ = ChunkRules::kStrict;
  State state_ = State::kSize;
  ChunkError error_ = ChunkError::kNone;
  std::uint8_t digits_ = 0;
  std::uint32_t line_size_ = 0;  // size of the size line, then of all trailers
  std::uint64_t left_ = 0;       // content bytes still to come in this chunk
  std::uint32_t name_size_ = 0;
  char name_[kLongestFramingName] = {};
};

/// Follows a body of any kind and tells which of the arriving bytes belong to it.
class BodyScanner {
 public:
  void start(BodyKind kind, std::uint64_t length, ChunkRules rules = ChunkRules::kStrict);

  /// As ChunkScanner::step, for every kind. size > 0, not done() or bad().
  BodyPiece step(const char* data, std::size_t size);
  /// As ChunkScanner::pass_on, for every kind: a body without chunks stays as it is. `taken` is less than `size` when
  /// the body ends there, is bad from there on, or continues with an incomplete line.
  std::size_t pass_on(char* data, std::size_t size, std::size_t& taken);
  /// Copies the content of the body's next bytes, without framing, to `out`, which may be `data`; returns the size of
  /// the content. `taken` is less than `size` when the body ends there or is bad from there on. Use either this or
  /// pass_on() for one body, not both.
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

}  // namespace sluice::router::http1
