#pragma once

#include <cstddef>
#include <string_view>

namespace sluice {

/// Cuts bytes into octet-counted frames (RFC 6587 section 3.4.1): `LEN SP` and LEN bytes, nothing between frames.
/// Strict: for `POST /logs`, where one bad frame makes the whole body invalid. TCP syslog uses SyslogSplitter.
/// Zero-copy: frames are views into the bytes that were fed. Used where its caller runs; owns no memory.
///
///     splitter.feed(bytes);                       // bytes = what was left last time, then what is new
///     while (splitter.next() == FrameSplitter::Step::kFrame) { ... splitter.frame() ... }
///     keep(bytes.substr(splitter.consumed()));    // at most frame_max + 8 bytes
///
/// Bytes that do not begin with a length from 1 to frame_max and one space are malformed; nothing after them is parsed.
/// How the bytes are divided among feeds makes no difference.
class FrameSplitter {
 public:
  enum class Step {
    kFrame,      // frame() is the next message
    kMalformed,  // what comes next is not a frame; every further step returns this too
    kNeedMore,   // no whole frame is left
  };

  explicit FrameSplitter(std::size_t frame_max) : frame_max_(frame_max) {}

  /// The views of earlier frames stay valid as long as the caller's bytes do.
  void feed(std::string_view bytes) {
    begin_ = at_ = bytes.data();
    end_ = at_ + bytes.size();
  }

  Step next() {
    const char* digit = at_;
    std::size_t length = 0;
    while (digit != end_ && is_digit(*digit) && length <= frame_max_) {
      length = length * 10 + static_cast<std::size_t>(*digit - '0');
      ++digit;
    }
    if (malformed_) return Step::kMalformed;
    if (digit == end_) return unfinished_length(length);
    if (*digit != ' ' || length > frame_max_ || length == 0 || *at_ == '0') return refuse();
    if (static_cast<std::size_t>(end_ - digit) <= length) return Step::kNeedMore;
    frame_ = {digit + 1, length};
    at_ = digit + 1 + length;
    return Step::kFrame;
  }

  /// Valid after kFrame.
  std::string_view frame() const { return frame_; }
  /// Bytes of this feed that are no longer needed.
  std::size_t consumed() const { return static_cast<std::size_t>(at_ - begin_); }
  /// True when the bytes may end here: no frame is begun and none was malformed.
  bool at_boundary() const { return at_ == end_ && !malformed_; }

 private:
  static bool is_digit(char c) { return c >= '0' && c <= '9'; }
  /// Only digits so far. A length that is already too large, or begins with 0, is refused at once, so that no more than
  /// a few digits are ever kept.
  Step unfinished_length(std::size_t length) {
    const bool malformed = at_ != end_ && (length > frame_max_ || *at_ == '0');
    return malformed ? refuse() : Step::kNeedMore;
  }
  Step refuse() {
    malformed_ = true;
    return Step::kMalformed;
  }

  std::size_t frame_max_;
  const char* begin_ = nullptr;
  const char* at_ = nullptr;
  const char* end_ = nullptr;
  std::string_view frame_;
  bool malformed_ = false;
};

}  // namespace sluice
