#include "logplex/net/http/body_decoder.hpp"

#include <algorithm>

#include "logplex/base/bytes/hex.hpp"

namespace sluice {
namespace {}  // namespace

BodyDecoder BodyDecoder::of_length(std::uint64_t length) {
  BodyDecoder decoder(length == 0 ? State::kDone : State::kCounted);
  decoder.left_ = length;
  return decoder;
}

BodyDecoder BodyDecoder::chunked() { return BodyDecoder(State::kFirstDigit); }

BodyDecoder BodyDecoder::until_end() { return BodyDecoder(State::kUntilEnd); }

result<std::size_t> BodyDecoder::next(std::string_view bytes, std::string_view& data) {
  data = {};
  for (std::size_t at = 0; at < bytes.size() && !done(); ++at) {
    if (state_ == State::kUntilEnd) {
      data = bytes.substr(at);
      return bytes.size();
    }
    if (state_ == State::kData || state_ == State::kCounted) {
      data = bytes.substr(at, std::min<std::uint64_t>(left_, bytes.size() - at));
      left_ -= data.size();
      if (left_ == 0) state_ = state_ == State::kData ? State::kDataCr : State::kDone;
      return at + data.size();
    }
    if (!step(bytes[at])) return NetError::kMalformed;
    if (done()) return at + 1;
  }
  return bytes.size();
}

bool BodyDecoder::step(char c) {
  switch (state_) {
    case State::kFirstDigit:
      return add_digit(c);
    case State::kSize:
      return step_size(c);
    case State::kExtension:
      return c == '\r' ? go(State::kSizeLf) : c != '\n' && extra(State::kExtension);
    case State::kSizeLf:
      return expect(c, '\n', left_ == 0 ? State::kTrailerStart : State::kData);
    case State::kDataCr:
      return expect(c, '\r', State::kDataLf);
    case State::kDataLf:
      return expect(c, '\n', State::kFirstDigit);
    case State::kTrailerStart:
      return c == '\r' ? go(State::kEndLf) : c != '\n' && extra(State::kTrailer);
    case State::kTrailer:
      return c == '\r' ? go(State::kTrailerLf) : c != '\n' && extra(State::kTrailer);
    case State::kTrailerLf:
      return expect(c, '\n', State::kTrailerStart);
    case State::kEndLf:
      return expect(c, '\n', State::kDone);
    default:
      return false;
  }
}

bool BodyDecoder::step_size(char c) {
  if (c == '\r') return go(State::kSizeLf);
  if (c == ';' || c == ' ' || c == '\t') return extra(State::kExtension);
  return add_digit(c);
}

bool BodyDecoder::add_digit(char c) {
  const int value = hex_value(c);
  digits_ = state_ == State::kFirstDigit ? 1 : digits_ + 1;
  if (value < 0 || digits_ > kDigitsMax) return false;
  left_ = left_ * 16 + static_cast<std::uint64_t>(value);
  return go(State::kSize);
}

bool BodyDecoder::go(State next) {
  state_ = next;
  return true;
}

bool BodyDecoder::extra(State next) {
  state_ = next;
  return ++extra_ <= kExtraMax;
}

bool BodyDecoder::expect(char c, char wanted, State next) {
  state_ = next;
  return c == wanted;
}

}  // namespace sluice
