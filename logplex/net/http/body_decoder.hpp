#pragma once

#include <cstdint>
#include <string_view>

#include "logplex/net/net_error.hpp"

namespace sluice {

/// Finds the body's bytes in a message: by length, by chunks (RFC 9112, 7.1), or until the end of the connection. No
/// I/O and no buffer; splitting the input anywhere changes nothing. Chunk sizes are hexadecimal digits and nothing
/// else; every line ends with CRLF; extensions and trailers are skipped, up to kExtraMax bytes a message.
class BodyDecoder {
 public:
  static constexpr std::size_t kExtraMax = 16 << 10;
  static constexpr unsigned kDigitsMax = 16;  // of a chunk's size

  static BodyDecoder of_length(std::uint64_t length);
  static BodyDecoder chunked();
  static BodyDecoder until_end();

  /// Consumes bytes up to the end of the next piece of the body and sets `data` to that piece (perhaps empty). Returns
  /// how many bytes it consumed. Call it until the bytes are used up or done(). Error: kMalformed.
  result<std::size_t> next(std::string_view bytes, std::string_view& data);
  bool done() const { return state_ == State::kDone; }
  bool ends_with_connection() const { return state_ == State::kUntilEnd; }

 private:
  enum class State : std::uint8_t {
    kCounted,  // of_length
    kUntilEnd,
    kFirstDigit,
    kSize,
    kExtension,
    kSizeLf,
    kData,
    kDataCr,
    kDataLf,
    kTrailerStart,
    kTrailer,
    kTrailerLf,
    kEndLf,
    kDone,
  };

  explicit BodyDecoder(State state) : state_(state) {}
  bool step(char c);
  bool step_size(char c);
  bool add_digit(char c);
  bool go(State next);
  bool extra(State next);
  bool expect(char c, char wanted, State next);

  State state_;
  std::uint64_t left_ = 0;  // of the body or of the chunk
  std::size_t extra_ = 0;
  unsigned digits_ = 0;
};

}  // namespace sluice
