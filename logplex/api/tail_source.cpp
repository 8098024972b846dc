#include "logplex/api/tail_source.hpp"

#include <algorithm>

namespace sluice {
namespace {

/// Lines looked at in one go; then other work gets its turn.
constexpr std::uint64_t kLinesAtOnce = 4096;
/// What a format may add to a record's bytes, without escapes.
constexpr std::size_t kOverhead = 256;

std::string_view main_reason(const Losses& losses) {
  std::size_t most = 1;
  for (std::size_t i = 1; i < Losses::kReasons; ++i)
    if (losses.by_reason[i] > losses.by_reason[most]) most = i;
  return to_string(static_cast<LossReason>(most));
}

}  // namespace

TailSource::TailSource(Tails& tails, Tails::Key reader, TailRequest request, FabricShard& fabric)
    : Subscription(fabric, Retention::kNothing),
      tails_(tails),
      reader_(reader),
      request_(std::move(request)),
      matcher_(request_.query),
      identity_(fabric.identity()) {}

void TailSource::start() {
  if (attach(request_.channel).has_error()) {
    done_ = ended_ = true;
    TailBatch batch;
    batch.found = false;
    batch.last = true;
    tails_.send_batch(reader_, std::move(batch));
    return;
  }
  if (!request_.query.tail) stop_ = end();
  request_.resume.empty() ? begin_by_num() : begin_by_cursor();
  produce();
}

void TailSource::begin_by_num() {
  if (request_.query.num == 0) return;
  const auto matches = [this](const RecordView& line) {
    const bool match = matcher_.matches(line);
    matched_ += match ? 1 : 0;
    return match;
  };
  seek(find_last(request_.query.num, matches));
  // The search may look at more lines than it needs.
  matched_ = std::min<std::uint64_t>(matched_, request_.query.num);
}

void TailSource::begin_by_cursor() {
  const auto cursor = Cursor::parse(request_.resume, identity_.log_id);
  if (cursor.has_error()) return begin_anew(cursor.error() == CursorError::kForeign ? "foreign_cursor" : "bad_cursor");
  if (cursor->next >> kEpochShift != identity_.epoch) return begin_anew("restarted");
  seek(cursor->next);
}

/// Nobody knows what was missed: the reader is told that, then gets what there is.
void TailSource::begin_anew(std::string_view reason) {
  seek(find_last(LineQuery::kMostNum, [this](const RecordView& line) { return matcher_.matches(line); }));
  LineGap gap;
  gap.reason = reason;
  gap.since = tails_.shard().wall_now();
  append_gap(out_, request_.format, gap, cursor_text(position()), gap.since);
}

void TailSource::grant() {
  ++credit_;
  produce();
}

void TailSource::produce() {
  while (credit_ > 0 && !ended_) {
    if (!done_) {
      take(*this, TakeBound{kLinesAtOnce});
      done_ = done_ || position() >= stop_;
    }
    if (out_.empty() && started_ && !done_) {
      if (has_pending()) tails_.continue_later(reader_);
      return;
    }
    send(done_);
  }
}

void TailSource::send(bool last) {
  if (!started_ && out_.empty()) append_cursor(out_, request_.format, cursor_text(position()));
  TailBatch batch;
  batch.bytes = std::move(out_);
  batch.matched = started_ ? 0 : matched_;
  batch.last = last;
  out_ = {};
  started_ = true;
  ended_ = last;
  --credit_;
  tails_.send_batch(reader_, std::move(batch));
}

void TailSource::on_closed() {
  done_ = true;
  produce();
}

bool TailSource::on_line(ChannelSlot, Seq seq, const RecordView& line) {
  if (seq >= stop_ || matcher_.past_end(line.received())) {
    done_ = true;
    return false;
  }
  if (!matcher_.matches(line)) return true;
  if (!out_.empty() && out_.size() + line.size() + kOverhead > Tails::kBatchBytes) return false;
  append_line(out_, request_.format, line, has_cursors(request_.format) ? cursor_text(seq + 1) : std::string());
  ++tails_.counters_.lines;
  return true;
}

void TailSource::on_loss(const Losses& losses) {
  const LineGap gap{losses.total(), main_reason(losses), losses.since};
  append_gap(out_, request_.format, gap, cursor_text(losses.first_seq + gap.lines), tails_.shard().wall_now());
  tails_.counters_.lost += gap.lines;
}

std::string TailSource::cursor_text(Seq next) const { return Cursor{identity_.log_id, next}.format(); }

}  // namespace sluice
