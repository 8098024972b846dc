#pragma once

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string_view>

#include "router/http1/scan.hpp"

namespace sluice {

/// Bytes that could not be handed on yet, contiguous, with the parsers' slack behind them. Owns memory only while it
/// holds bytes, so that idle connections cost nothing. Bounded by its users, who stop reading while it is not empty.
class ByteQueue {
 public:
  bool empty() const { return begin_ == end_; }
  std::size_t size() const { return end_ - begin_; }
  char* data() { return bytes_.get() + begin_; }
  std::string_view view() { return {data(), size()}; }

  void append(std::string_view more) {
    if (more.empty()) return;
    make_room(more.size());
    std::memcpy(bytes_.get() + end_, more.data(), more.size());
    end_ += more.size();
  }
  void consume(std::size_t count) {
    begin_ += count;
    if (empty()) clear();
  }
  void clear() {
    bytes_.reset();
    begin_ = end_ = capacity_ = 0;
  }

 private:
  static constexpr std::size_t kSmallest = 4096;

  void make_room(std::size_t more) {
    if (bytes_ != nullptr && capacity_ - end_ >= more) return;
    std::size_t capacity = kSmallest;
    while (capacity < size() + more) capacity *= 2;
    std::unique_ptr<char[]> larger(new char[capacity + http1::kSlack]);
    if (!empty()) std::memcpy(larger.get(), data(), size());
    end_ = size();
    begin_ = 0;
    capacity_ = capacity;
    bytes_ = std::move(larger);
  }

  std::unique_ptr<char[]> bytes_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace sluice
