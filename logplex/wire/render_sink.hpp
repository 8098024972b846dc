#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace sluice {

// Each format is written once, as a template over a sink: CountSink adds up sizes, WriteSink copies bytes. So sizes are
// exact by construction.

/// `<PRI>1 ` for every priority, ready to copy as 8 bytes.
struct PriorityText {
  std::array<char, 8> bytes{};
  std::size_t size = 0;
};

constexpr std::array<PriorityText, 256> make_priority_texts() {
  std::array<PriorityText, 256> texts{};
  for (unsigned pri = 0; pri < texts.size(); ++pri) {
    PriorityText& text = texts[pri];
    const auto put = [&text](char c) { text.bytes[text.size++] = c; };
    put('<');
    if (pri >= 100) put(static_cast<char>('0' + pri / 100));
    if (pri >= 10) put(static_cast<char>('0' + pri / 10 % 10));
    put(static_cast<char>('0' + pri % 10));
    put('>');
    put('1');
    put(' ');
  }
  return texts;
}
inline constexpr auto kPriorityTexts = make_priority_texts();

/// 00, 01, 02 to 99.
constexpr std::array<char, 200> make_digit_pairs() {
  std::array<char, 200> pairs{};
  for (std::size_t i = 0; i < 100; ++i) {
    pairs[2 * i] = static_cast<char>('0' + i / 10);
    pairs[2 * i + 1] = static_cast<char>('0' + i % 10);
  }
  return pairs;
}
inline constexpr auto kDigitPairs = make_digit_pairs();

constexpr std::size_t decimal_size(std::uint64_t value) {
  if (value < 10'000) return 1 + std::size_t{value >= 10} + std::size_t{value >= 100} + std::size_t{value >= 1000};
  std::size_t size = 1;
  for (; value >= 10; value /= 10) ++size;
  return size;
}

class CountSink {
 public:
  void put(std::string_view bytes) { size_ += bytes.size(); }
  void put(char) { ++size_; }
  void put_priority(std::uint8_t pri) { size_ += kPriorityTexts[pri].size; }
  void put_number(std::uint64_t value) { size_ += decimal_size(value); }
  std::size_t size() const { return size_; }

 private:
  std::size_t size_ = 0;
};

class WriteSink {
 public:
  explicit WriteSink(char* out) : at_(out) {}
  void put(std::string_view bytes) {
    std::memcpy(at_, bytes.data(), bytes.size());
    at_ += bytes.size();
  }
  void put(char c) { *at_++ = c; }
  /// Always copies 8 bytes. What follows overwrites the surplus, because in every format enough bytes follow.
  void put_priority(std::uint8_t pri) {
    const PriorityText& text = kPriorityTexts[pri];
    std::memcpy(at_, text.bytes.data(), text.bytes.size());
    at_ += text.size;
  }
  void put_number(std::uint64_t value) {
    if (value >= 100 && value < 1000) {  // as the sizes of most messages
      *at_ = static_cast<char>('0' + value / 100);
      std::memcpy(at_ + 1, &kDigitPairs[2 * (value % 100)], 2);
      at_ += 3;
      return;
    }
    const std::size_t size = decimal_size(value);
    for (std::size_t i = size; i-- > 0; value /= 10) at_[i] = static_cast<char>('0' + value % 10);
    at_ += size;
  }
  char* end() const { return at_; }

 private:
  char* at_;
};

}  // namespace sluice
