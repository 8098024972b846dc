#pragma once

#include <cstdint>
#include <deque>

#include "logplex/api/tail/line_query.hpp"
#include "logplex/channel/channel_reader.hpp"

namespace sluice::api {

/// Finds where the last matching lines begin in a channel's history, in steps of bounded work:
///
///     first held [ ...... third window ...... | .. second .. | first ] end at the start
///
/// It searches the last lines first; each window before them is twice as long, until enough lines match. So a search
/// for a few lines costs little, and one without a match looks at each line once. It does not find lines that the
/// channel drops meanwhile.
///
/// It moves the reader of a tail, which is at the first wanted line when the search is done. Lives as long as the
/// tail's source, on its shard.
class TailSearch final : private LineVisitor {
 public:
  TailSearch(ChannelReader& reader, const LineMatcher& matcher, std::uint64_t wanted);
  virtual ~TailSearch() = default;

  /// Continues for about this much work, or until the reader has no line ready. Returns the work done.
  LineMatcher::Cost go_on(std::uint64_t share);
  bool done() const { return done_; }
  /// The reader had no line ready: continue when it has.
  bool waits() const { return waits_; }
  /// How many lines match from there on, at most those wanted.
  std::uint64_t found() const { return found_; }

 private:
  bool on_line(ChannelSlot channel, Seq seq, const RecordView& line) override;
  void on_loss(const Losses&) override {}

  void begin_window();
  void end_window();

  ChannelReader& reader_;
  const LineMatcher& matcher_;
  const std::uint64_t wanted_;
  const Seq oldest_;
  Seq begin_;  // first line of the window
  Seq end_;    // one past its last line
  std::uint64_t lines_;
  std::deque<Seq> matches_;  // the last matches in this window, no more than wanted
  std::uint64_t found_ = 0;  // matches in the later windows
  Seq earliest_;
  LineMatcher::Cost cost_;
  std::uint64_t share_ = 0;
  bool done_ = false;
  bool waits_ = false;
};

}  // namespace sluice::api
