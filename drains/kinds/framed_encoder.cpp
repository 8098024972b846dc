#include "drains/kinds/framed_encoder.hpp"

#include <span>

#include "logplex/wire/frame_splitter.hpp"

namespace sluice::drains {
namespace {

using Halves = std::optional<std::pair<Frame, Frame>>;

/// Where to cut the body: after its first `messages` messages, which take `bytes` bytes.
struct Cut {
  std::uint64_t messages;
  std::size_t bytes;
};

/// The runs of `lines` lines, after skipping the first `skip`.
std::vector<Run> part_of_runs(std::span<const Run> runs, std::uint64_t skip, std::uint64_t lines) {
  std::vector<Run> part;
  for (const Run& run : runs) {
    const std::uint64_t before = std::min(skip, run.lines());
    const std::uint64_t taken = std::min(lines, run.lines() - before);
    if (taken > 0) part.push_back({run.channel, run.first + before, run.first + before + taken - 1});
    skip -= before;
    lines -= taken;
  }
  return part;
}

Frame part_of(const Frame& whole, std::uint64_t first, std::uint64_t last, std::string_view body) {
  Frame part;
  part.body = body;
  std::uint64_t notices_before = 0;
  for (const std::uint64_t at : whole.notices) {
    if (at >= first && at < last) part.notices.push_back(at - first);
    if (at < first) ++notices_before;
  }
  part.lines = last - first - part.notices.size();
  part.passed = whole.ways().part(first, last);
  part.runs = part_of_runs(whole.lines_in_it(), first - notices_before, part.lines);
  return part;
}

Halves halves(const Frame& frame, Cut cut) {
  const std::string_view body = frame.bytes();
  return std::pair(part_of(frame, 0, cut.messages, body.substr(0, cut.bytes)),
                   part_of(frame, cut.messages, frame.messages(), body.substr(cut.bytes)));
}

}  // namespace

Halves FramedEncoder::split(const Frame& frame) const {
  if (frame.messages() < 2) return std::nullopt;
  Cut cut{frame.messages() / 2, 0};
  FrameSplitter splitter(frame.bytes().size());
  splitter.feed(frame.bytes());
  for (std::uint64_t i = 0; i < cut.messages; ++i)
    if (splitter.next() != FrameSplitter::Step::kFrame) return std::nullopt;
  cut.bytes = splitter.consumed();
  return halves(frame, cut);
}

Halves split_at_newlines(const Frame& frame) {
  if (frame.messages() < 2) return std::nullopt;
  Cut cut{frame.messages() / 2, 0};
  for (std::uint64_t i = 0; i < cut.messages; ++i) cut.bytes = frame.bytes().find('\n', cut.bytes) + 1;
  return halves(frame, cut);
}

Error unknown_format(const std::string& format, std::string_view known) {
  return {make_error_code(boost::system::errc::invalid_argument),
          "no such format for this drain: '" + format + "'; use " + std::string(known)};
}

}  // namespace sluice::drains
