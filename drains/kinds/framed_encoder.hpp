#pragma once

#include <algorithm>
#include <string>

#include "drains/kinds/encoder.hpp"

namespace sluice::drains {

/// Writes octet-counted messages, so a body can be cut between any two of them.
class FramedEncoder : public Encoder {
 public:
  explicit FramedEncoder(std::size_t target) : target_(target) {}
  std::size_t target_bytes() const override { return target_; }
  std::optional<std::pair<Frame, Frame>> split(const Frame& frame) const override;

 private:
  const std::size_t target_;
};

/// split() for encoders that end each message with a newline.
std::optional<std::pair<Frame, Frame>> split_at_newlines(const Frame& frame);

/// Appends what write(out) writes. Reserves an upper bound and shrinks afterwards, which is cheaper than computing the
/// exact size first.
void append_frame(std::string& body, const RecordView& line, auto write) {
  const std::size_t begin = body.size();
  body.resize(begin + line.size() + Encoder::kMessageExtra);
  body.resize(static_cast<std::size_t>(write(body.data() + begin) - body.data()));
}

/// The error of make_encoder for an unknown format; `known` lists the formats that the kind has.
Error unknown_format(const std::string& format, std::string_view known);

}  // namespace sluice::drains
