#pragma once

#include <algorithm>
#include <string>

#include "drains/kinds/encoder.hpp"

namespace sluice::drains {

/// Bodies of octet-counted frames, which can be cut between any two.
class FramedEncoder : public Encoder {
 public:
  explicit FramedEncoder(std::size_t target) : target_(target) {}
  std::size_t target_bytes() const override { return target_; }
  std::optional<std::pair<Frame, Frame>> split(const Frame& frame) const override;

 private:
  const std::size_t target_;
};

/// For encoders whose messages end with a newline each.
std::optional<std::pair<Frame, Frame>> split_at_newlines(const Frame& frame);

/// Appends what write(out) writes: into more room than it takes, which is cheaper than to add up its size before.
void append_frame(std::string& body, const RecordView& line, auto write) {
  const std::size_t begin = body.size();
  body.resize(begin + line.size() + Encoder::kMessageExtra);
  body.resize(static_cast<std::size_t>(write(body.data() + begin) - body.data()));
}

/// The error of make_encoder for a format that the kind does not have; `known`: those that it has.
Error unknown_format(const std::string& format, std::string_view known);

}  // namespace sluice::drains
