#include "logplex/api/tail/tail_search.hpp"

#include <algorithm>

namespace sluice::api {
namespace {

/// The shortest first window, in lines.
constexpr std::uint64_t kFirstWindow = 256;

}  // namespace

TailSearch::TailSearch(ChannelReader& reader, const LineMatcher& matcher, std::uint64_t wanted)
    : reader_(reader),
      matcher_(matcher),
      wanted_(wanted),
      oldest_(reader.history_start()),
      begin_(reader.end()),
      end_(reader.end()),
      lines_(std::max(wanted, kFirstWindow)),
      earliest_(reader.end()) {
  begin_window();
}

void TailSearch::begin_window() {
  end_ = begin_;
  begin_ = end_ - std::min(lines_, end_ - std::min(oldest_, end_));
  lines_ *= 2;
  matches_.clear();
  reader_.seek(begin_);
}

LineMatcher::Cost TailSearch::go_on(std::uint64_t share) {
  cost_ = {};
  share_ = share;
  waits_ = false;
  while (!done_ && !waits_ && cost_.work < share_) {
    reader_.take(*this);
    if (reader_.position() >= end_)
      end_window();
    else
      waits_ = !reader_.has_ready();
  }
  return cost_;
}

bool TailSearch::on_line(ChannelSlot, Seq seq, const RecordView& line) {
  if (seq >= end_ || cost_.work >= share_) return false;
  if (!matcher_.matches(line, cost_)) return true;
  matches_.push_back(seq);
  if (matches_.size() > wanted_ - found_) matches_.pop_front();
  return true;
}

void TailSearch::end_window() {
  if (!matches_.empty()) earliest_ = matches_.front();
  found_ += matches_.size();
  done_ = found_ == wanted_ || begin_ <= oldest_;
  if (done_)
    reader_.seek(earliest_);
  else
    begin_window();
}

}  // namespace sluice::api
