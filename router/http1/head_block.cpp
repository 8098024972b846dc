#include "router/http1/head_block.hpp"

#include <algorithm>

#include "router/http1/scan.hpp"

namespace sluice::router::http1 {

void HeadBlock::clear() {
  block_.clear();
  fields_.reset();
}

Span HeadBlock::put(std::string_view text) {
  const Span span{static_cast<std::uint32_t>(block_.size()), static_cast<std::uint32_t>(text.size())};
  block_.append(text);
  return span;
}

HeadError HeadBlock::add(std::string_view name, std::string_view value) {
  constexpr std::string_view kColon = ": ";
  constexpr std::string_view kLineEnd = "\r\n";
  const bool token = std::all_of(name.begin(), name.end(), [](char c) { return is_char(c, kTokenChar); });
  if (name.empty() || !token) return HeadError::kBadHeaderName;
  // A line end in a value would be the end of its line, and what follows would be a field that nobody has checked.
  if (std::any_of(value.begin(), value.end(), is_control)) return HeadError::kControlByte;
  const std::size_t size = name.size() + kColon.size() + value.size();
  if (block_.size() + size + kLineEnd.size() > limits_.head) return HeadError::kHeadTooLarge;
  block_.reserve(block_.size() + size + kLineEnd.size() + kSlack);
  const Span line{put(name).at, static_cast<std::uint32_t>(size)};
  put(kColon);
  put(value);
  put(kLineEnd);
  return fields_.add(block_.data(), line, limits_);
}

void HeadBlock::show_in(MessageHead& head) const {
  head.block = block_.data();
  head.size = static_cast<std::uint32_t>(block_.size());
  fields_.show_in(head);
}

}  // namespace sluice::router::http1
