#pragma once

#include <cstdint>
#include <deque>

#include "logplex/api/tail/line_query.hpp"
#include "logplex/channel/subscription.hpp"

namespace sluice::api {

/// Finds where the last lines that match begin in a channel's history, in pieces of bounded work:
///
///     first held [ ...... third window ...... | .. second .. | first ] end at the start
///
/// The last lines are looked at first; each window before them is twice as long, until enough lines match. So a search
/// for a few lines costs little, and one that matches nothing looks at each line once. Lines that are given up
/// meanwhile are not found any more.
///
/// Uses the reader of a tail, which stands where the lines begin when the search is done. Lives with it, on its shard.
class TailSearch final : private LineVisitor {
 public:
  TailSearch(Subscription& reader, const LineMatcher& matcher, std::uint64_t wanted);
  virtual ~TailSearch() = default;

  /// Goes on for about this much work and returns what it did.
  LineMatcher::Cost go_on(std::uint64_t share);
  bool done() const { return done_; }
  /// Lines that match from there on, at most those wanted.
  std::uint64_t found() const { return found_; }

 private:
  bool on_line(ChannelSlot channel, Seq seq, const RecordView& line) override;
  void on_loss(const Losses&) override {}

  void begin_window();
  void end_window();

  Subscription& reader_;
  const LineMatcher& matcher_;
  const std::uint64_t wanted_;
  const Seq oldest_;
  Seq begin_;  // of the window
  Seq end_;    // beyond it
  std::uint64_t lines_;
  std::deque<Seq> matches_;  // the last in this window, no more than are wanted
  std::uint64_t found_ = 0;  // in the windows behind this one
  Seq earliest_;
  LineMatcher::Cost cost_;
  std::uint64_t share_ = 0;
  bool done_ = false;
};

}  // namespace sluice::api
