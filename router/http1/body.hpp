#pragma once

#include <cstddef>
#include <cstdint>

#include "router/http1/errors.hpp"
#include "router/http1/request.hpp"

namespace sluice::router::http1 {

/// One step through a body: how many bytes belong together, and whether they are content or framing.
struct BodyPiece {
  std::size_t size = 0;
  bool content = false;
};

/// How much a chunked body may differ from the grammar. Line ends and sizes never may.
enum class ChunkRules : std::uint8_t {
  kStrict,   // for requests: nothing but the grammar
  kLenient,  // for responses: blanks behind a size, and any text as extension, as some backends send them
};

/// Follows a chunked body (RFC 9112 section 7.1) over any number of spans. It accepts what the grammar allows and
/// nothing else: no bare LF, no blank behind a size, no sign, no chunk-extension that is none; see ChunkRules.
class ChunkScanner {
 public:
  ChunkScanner() = default;
  explicit ChunkScanner(ChunkRules rules) : rules_(rules) {}

  /// Makes of the body's next bytes, in place, what is passed on: every size line is written anew, without extension,
  /// and a trailer that may not be one (may_be_trailer) is left out. Returns how many bytes that is; `taken` is how
  /// many were used. A line whose end is not there yet stays unused: the next call gets it again with more behind it.
  /// Such a rest is shorter than kLongestTrailers.
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
    kLineStart,  // of a trailer line or the last empty line
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
  std::uint32_t line_size_ = 0;  // of the size line, then of all trailers
  std::uint64_t left_ = 0;       // content bytes of this chunk
  std::uint32_t name_size_ = 0;
  char name_[kLongestFramingName] = {};
};

/// Follows a body of any kind: which of the bytes that arrive belong to it.
class BodyScanner {
 public:
  void start(BodyKind kind, std::uint64_t length, ChunkRules rules = ChunkRules::kStrict);

  /// As ChunkScanner::step, for every kind. size > 0, not done() or bad().
  BodyPiece step(const char* data, std::size_t size);
  /// As ChunkScanner::pass_on, for every kind: bodies without chunks stay as they are. `taken` is less than `size` when
  /// the body ends there, is bad from there on, or goes on with a line that is not whole.
  std::size_t pass_on(char* data, std::size_t size, std::size_t& taken);
  /// Copies the content of the body's next bytes to `out`, without framing; returns how many bytes of content. `taken`
  /// is less than `size` when the body ends there or is bad from there on. `out` may be `data`. For one body either
  /// this or pass_on().
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
