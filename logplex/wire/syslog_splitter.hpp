#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sluice {

/// Cuts the stream of a TCP syslog sender into messages. Takes both framings of RFC 6587; the first byte of each
/// message tells which:
///
///     LEN SP MESSAGE        octet counting: LEN bytes, at most frame_max
///     <PRI>... LF           newline framing: up to LF (or CR LF), or up to a NUL that the next `<` follows
///
/// NUL, space, tab, CR and LF between messages are skipped. Zero-copy: frames are views into the bytes that were fed.
/// Used where its caller runs; owns no memory. How the stream is divided among feeds makes no difference.
///
///     splitter.feed(bytes);                       // bytes = what was left last time, then what is new
///     while ((step = splitter.next()) != SyslogSplitter::Step::kNeedMore) { ... }
///     keep(bytes.substr(splitter.consumed()));    // at most frame_max + 8 bytes
///
///     kBetween --(a)--> kCounted --(counted down)-----> kBetween
///        |-------(b)--> kLine ----(LF)----------------> kBetween
///        |-------(c)--> kGarbage --(LF, or a header)--> kBetween
///     kLine, kGarbage --(over their limit)--> kLost
///
///     (a) a length over frame_max, or with zeros in front, before `<`
///     (b) a line over frame_max
///     (c) neither a length nor `<PRI>`
///
/// A header that ends garbage is `LEN SP <PRI>1 SP`. It does not count when the last good message was framed by
/// newline: there LF is the only sign that text cannot forge.
class SyslogSplitter {
 public:
  enum class Step {
    kFrame,      // frame() is the next message
    kMalformed,  // bytes that begin no message were skipped
    kTooLong,    // a message over frame_max was skipped
    kNeedMore,   // no whole message is left
    kLost,       // the beginning of the next message is unknown: close the connection
  };

  static constexpr std::size_t kLongestCounted = 1 << 20;  // a longer length counts as garbage
  static constexpr std::size_t kLongestLine = 1 << 20;
  static constexpr std::size_t kMostGarbage = 64 << 10;

  explicit SyslogSplitter(std::size_t frame_max) : frame_max_(frame_max) {}

  /// The views of earlier frames stay valid as long as the caller's bytes do.
  void feed(std::string_view bytes) {
    begin_ = at_ = bytes.data();
    end_ = at_ + bytes.size();
  }

  Step next() {
    if (state_ != State::kBetween) return go_on();
    const char* digit = at_;
    std::size_t length = 0;
    while (digit != end_ && is_digit(*digit) && length <= frame_max_) {
      length = length * 10 + static_cast<std::size_t>(*digit - '0');
      ++digit;
    }
    if (digit == end_ || *digit != ' ' || length > frame_max_ || length == 0 || *at_ == '0') return begin();
    return take_counted(digit, length);
  }

  /// Valid after kFrame.
  std::string_view frame() const { return frame_; }
  /// Bytes of this feed that are no longer needed.
  std::size_t consumed() const { return static_cast<std::size_t>(at_ - begin_); }
  /// True when the stream may end here: no message is begun.
  bool at_boundary() const { return at_ == end_ && state_ == State::kBetween; }
  /// True when the unfinished message is a line whose last byte is NUL: probably it is complete.
  bool may_be_whole() const { return in_line() && end_[-1] == '\0'; }
  /// For the end of the stream, or when may_be_whole() stays true for a while: takes the rest of a line as a message,
  /// frame(). False when no line is begun or it is longer than frame_max.
  bool take_rest();

 private:
  enum class State : std::uint8_t { kBetween, kCounted, kLine, kGarbage, kLost };

  static bool is_digit(char c) { return c >= '0' && c <= '9'; }
  bool in_line() const { return at_ != end_ && state_ == State::kBetween && *at_ == '<'; }
  std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }

  Step take_counted(const char* space, std::size_t length) {
    if (static_cast<std::size_t>(end_ - space) <= length) return Step::kNeedMore;
    newline_framed_ = false;
    frame_ = {space + 1, length};
    at_ = space + 1 + length;
    return Step::kFrame;
  }
  Step begin();
  Step begin_length();
  Step begin_line();
  Step take_line(const char* line_end, const char* next);
  const char* line_end() const;
  Step go_on();
  Step count_down();
  Step skip_line();
  Step garbage();
  Step skip_garbage();
  const char* limit_of(std::size_t most) const;
  Step pass_to(const char* keep);
  Step lose();
  const char* header_before(const char* priority) const;
  const char* kept_of_garbage(const char* from) const;
  Step resume(const char* at, Step why);

  std::size_t frame_max_;
  const char* begin_ = nullptr;
  const char* at_ = nullptr;
  const char* end_ = nullptr;
  std::string_view frame_;
  std::size_t left_ = 0;     // kCounted: still to come
  std::size_t skipped_ = 0;  // kLine, kGarbage: so far
  Step counted_as_ = Step::kTooLong;
  State state_ = State::kBetween;
  bool newline_framed_ = false;  // the last good message was
};

}  // namespace sluice
