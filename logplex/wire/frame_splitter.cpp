#include "logplex/wire/frame_splitter.hpp"

#include <cstring>

namespace sluice {

/// Only digits so far. A length that can only grow too large, or begins with 0, is malformed already now, so that no
/// more than a few digits are ever kept.
FrameSplitter::Step FrameSplitter::unfinished_length(std::size_t length) {
  const bool malformed = at_ != end_ && (length > frame_max_ || *at_ == '0');
  return malformed ? skip_line() : Step::kNeedMore;
}

FrameSplitter::Step FrameSplitter::skip_line() {
  const auto left = static_cast<std::size_t>(end_ - at_);
  const void* newline = left == 0 ? nullptr : std::memchr(at_, '\n', left);
  skipping_ = newline == nullptr;
  at_ = skipping_ ? end_ : static_cast<const char*>(newline) + 1;
  return skipping_ ? Step::kNeedMore : Step::kMalformed;
}

}  // namespace sluice
