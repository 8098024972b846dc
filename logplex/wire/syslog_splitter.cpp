#include "logplex/wire/syslog_splitter.hpp"

#include <algorithm>
#include <cstring>

namespace sluice {
namespace {

constexpr std::ptrdiff_t kDigitsMax = 7;        // of a length that is parsed at all
constexpr std::ptrdiff_t kHeaderDigitsMax = 5;  // of a length in a header that ends garbage
constexpr std::size_t kShortestMessage = std::string_view("<0>1 - - - - -").size();

bool is_separator(char c) { return c == '\0' || c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
bool is_decimal(char c) { return c >= '0' && c <= '9'; }

const char* find(const char* from, const char* end, char wanted) {
  return from == end ? nullptr
                     : static_cast<const char*>(std::memchr(from, wanted, static_cast<std::size_t>(end - from)));
}

enum class Look { kYes, kNo, kUndecided };

/// Whether `<PRI>` and then `behind` begin at `at`. Undecided when the bytes end too early to tell.
Look priority_at(const char* at, const char* end, std::string_view behind) {
  const char* digit = at + 1;
  while (digit != end && is_decimal(*digit) && digit - at <= 3) ++digit;
  if (digit == end) return Look::kUndecided;
  if (digit == at + 1 || *digit != '>') return Look::kNo;
  const std::string_view rest(digit + 1, static_cast<std::size_t>(end - digit - 1));
  if (rest.size() < behind.size()) return behind.starts_with(rest) ? Look::kUndecided : Look::kNo;
  return rest.starts_with(behind) ? Look::kYes : Look::kNo;
}

/// A line's bytes without the CR that some senders put before LF.
std::string_view without_end(const char* begin, const char* end) {
  if (end != begin && end[-1] == '\r') --end;
  return {begin, static_cast<std::size_t>(end - begin)};
}

}  // namespace

SyslogSplitter::Step SyslogSplitter::begin() {
  while (at_ != end_ && is_separator(*at_)) ++at_;
  if (at_ == end_) return Step::kNeedMore;
  if (*at_ == '<') return begin_line();
  return is_digit(*at_) ? begin_length() : garbage();
}

/// A length that is too large or has zeros in front is used all the same, to skip its message, when one seems to
/// follow.
SyslogSplitter::Step SyslogSplitter::begin_length() {
  const char* digit = at_;
  std::size_t length = 0;
  for (; digit != end_ && is_digit(*digit) && digit - at_ < kDigitsMax; ++digit)
    length = length * 10 + static_cast<std::size_t>(*digit - '0');
  if (digit == end_) return Step::kNeedMore;
  if (*digit != ' ' || length == 0) return garbage();
  const bool padded = *at_ == '0';
  if (length <= frame_max_ && !padded) return take_counted(digit, length);
  if (digit + 1 == end_) return Step::kNeedMore;
  if (digit[1] != '<' || length > kLongestCounted) return garbage();
  counted_as_ = length > frame_max_ ? Step::kTooLong : Step::kMalformed;
  state_ = State::kCounted;
  left_ = length;
  at_ = digit + 1;
  return count_down();
}

SyslogSplitter::Step SyslogSplitter::begin_line() {
  const Look priority = priority_at(at_, end_, {});
  if (priority != Look::kYes) return priority == Look::kNo ? garbage() : Step::kNeedMore;
  if (const char* end = line_end()) return take_line(end, end + 1);
  if (left() < frame_max_ + 2) return Step::kNeedMore;
  state_ = State::kLine;
  skipped_ = 0;
  return skip_line();
}

/// Finds the LF or NUL that ends the line; searches no further than the longest line reaches.
const char* SyslogSplitter::line_end() const {
  const char* const limit = at_ + std::min(left(), frame_max_ + 2);
  const char* const newline = find(at_, limit, '\n');
  const char* const end = newline == nullptr ? limit : newline;
  for (const char* nul = find(at_, end, '\0'); nul != nullptr && nul + 1 != end_; nul = find(nul + 1, end, '\0'))
    if (nul[1] == '<') return nul;
  return newline;
}

SyslogSplitter::Step SyslogSplitter::take_line(const char* line_end, const char* next) {
  newline_framed_ = true;
  frame_ = without_end(at_, line_end);
  at_ = next;
  return frame_.size() > frame_max_ ? Step::kTooLong : Step::kFrame;
}

bool SyslogSplitter::take_rest() {
  if (!in_line()) return false;
  const char* end = end_;
  while (end[-1] == '\0') --end;
  return take_line(end, end_) == Step::kFrame;
}

SyslogSplitter::Step SyslogSplitter::go_on() {
  switch (state_) {
    case State::kCounted:
      return count_down();
    case State::kLine:
      return skip_line();
    case State::kGarbage:
      return skip_garbage();
    default:
      return Step::kLost;
  }
}

SyslogSplitter::Step SyslogSplitter::count_down() {
  const std::size_t here = std::min(left_, left());
  left_ -= here;
  at_ += here;
  return left_ > 0 ? Step::kNeedMore : resume(at_, counted_as_);
}

SyslogSplitter::Step SyslogSplitter::skip_line() {
  newline_framed_ = true;
  const char* const limit = limit_of(kLongestLine);
  const char* newline = find(at_, limit, '\n');
  if (newline != nullptr) return resume(newline + 1, Step::kTooLong);
  return limit == end_ ? pass_to(end_) : lose();
}

SyslogSplitter::Step SyslogSplitter::garbage() {
  state_ = State::kGarbage;
  skipped_ = 0;
  return skip_garbage();
}

SyslogSplitter::Step SyslogSplitter::skip_garbage() {
  const char* const limit = limit_of(kMostGarbage);
  for (const char* at = at_; at != limit; ++at) {
    if (*at == '\n') return resume(at + 1, Step::kMalformed);
    if (*at != '<' || newline_framed_) continue;
    const char* header = header_before(at);
    if (header == nullptr) continue;
    const Look priority = priority_at(at, end_, "1 ");
    if (priority == Look::kYes) return resume(header, Step::kMalformed);
    if (priority == Look::kUndecided) return pass_to(header);
  }
  return limit == end_ ? pass_to(kept_of_garbage(end_)) : lose();
}

/// How far a scan may go before `most` bytes are skipped in all.
const char* SyslogSplitter::limit_of(std::size_t most) const { return at_ + std::min(left(), most - skipped_); }

/// Skips everything before `keep`.
SyslogSplitter::Step SyslogSplitter::pass_to(const char* keep) {
  skipped_ += static_cast<std::size_t>(keep - at_);
  at_ = keep;
  return Step::kNeedMore;
}

SyslogSplitter::Step SyslogSplitter::lose() {
  state_ = State::kLost;
  return Step::kLost;
}

/// Where `LEN SP` in front of the priority begins; null when it is missing or not an acceptable length.
const char* SyslogSplitter::header_before(const char* priority) const {
  if (priority == at_ || priority[-1] != ' ') return nullptr;
  const char* digit = priority - 1;
  while (digit != at_ && is_digit(digit[-1]) && priority - digit <= kDigitsMax) --digit;
  const std::ptrdiff_t digits = priority - 1 - digit;
  if (digits == 0 || digits > kHeaderDigitsMax || *digit == '0') return nullptr;
  std::size_t length = 0;
  for (const char* at = digit; at != priority - 1; ++at) length = length * 10 + static_cast<std::size_t>(*at - '0');
  return length >= kShortestMessage && length <= frame_max_ ? digit : nullptr;
}

/// Keeps the end of the bytes so far when it may begin a header: a few digits, perhaps with a space after them.
const char* SyslogSplitter::kept_of_garbage(const char* from) const {
  const char* keep = from;
  if (keep != at_ && keep[-1] == ' ') --keep;
  while (keep != at_ && is_digit(keep[-1]) && from - keep <= kDigitsMax) --keep;
  return keep;
}

SyslogSplitter::Step SyslogSplitter::resume(const char* at, Step why) {
  state_ = State::kBetween;
  at_ = at;
  return why;
}

}  // namespace sluice
