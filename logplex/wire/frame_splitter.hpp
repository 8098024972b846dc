#pragma once

#include <cstddef>
#include <string_view>

namespace sluice {

/// Cuts a byte stream into octet-counted frames (RFC 6587 section 3.4.1): `LEN SP` and LEN bytes, nothing between
/// frames. Zero-copy: frames are views into what was fed. Lives where its caller lives; owns no memory.
///
///     splitter.feed(bytes);                       // bytes = what was left last time, then what is new
///     while ((step = splitter.next()) != FrameSplitter::Step::kNeedMore) { ... splitter.frame() ... }
///     keep(bytes.substr(splitter.consumed()));    // at most frame_max + 8 bytes
///
/// What does not begin with a length from 1 to frame_max and one space is a malformed line: everything up to and with
/// the next LF is skipped, over as many feeds as it takes and without being kept, and reported once. Where the stream
/// is cut into feeds changes nothing.
class FrameSplitter {
 public:
  enum class Step {
    kFrame,      // frame() is the next message
    kMalformed,  // one malformed line was skipped
    kNeedMore,   // nothing whole is left
  };

  explicit FrameSplitter(std::size_t frame_max) : frame_max_(frame_max) {}

  /// The views of earlier frames stay valid as long as the caller's bytes do.
  void feed(std::string_view bytes) {
    begin_ = at_ = bytes.data();
    end_ = at_ + bytes.size();
  }

  Step next() {
    if (skipping_) return skip_line();
    const char* digit = at_;
    std::size_t length = 0;
    while (digit != end_ && is_digit(*digit) && length <= frame_max_) {
      length = length * 10 + static_cast<std::size_t>(*digit - '0');
      ++digit;
    }
    if (digit == end_) return unfinished_length(length);
    if (*digit != ' ' || length > frame_max_ || length == 0 || *at_ == '0') return skip_line();
    if (static_cast<std::size_t>(end_ - digit) <= length) return Step::kNeedMore;
    frame_ = {digit + 1, length};
    at_ = digit + 1 + length;
    return Step::kFrame;
  }

  /// Valid after kFrame.
  std::string_view frame() const { return frame_; }
  /// Bytes of this feed that are done with.
  std::size_t consumed() const { return static_cast<std::size_t>(at_ - begin_); }
  /// True when the stream may end here: no frame and no line is begun.
  bool at_boundary() const { return at_ == end_ && !skipping_; }

 private:
  static bool is_digit(char c) { return c >= '0' && c <= '9'; }
  Step unfinished_length(std::size_t length);
  Step skip_line();

  std::size_t frame_max_;
  const char* begin_ = nullptr;
  const char* at_ = nullptr;
  const char* end_ = nullptr;
  std::string_view frame_;
  bool skipping_ = false;
};

}  // namespace sluice
