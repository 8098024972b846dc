#include "logplex/api/tail/tail_source.hpp"

#include <algorithm>

#include "logplex/runtime/working_for.hpp"

namespace sluice::api {
namespace {

/// Most bytes that a format adds to a record, without escapes.
constexpr std::size_t kOverhead = 256;
/// Work to render a line, and for each of its bytes, which are read twice.
constexpr Work kWorkPerRendering = 300;
constexpr Work kWorkPerRenderedByte = 3;

std::string_view main_reason(const Losses& losses) {
  std::size_t most = 1;
  for (std::size_t i = 1; i < Losses::kReasons; ++i)
    if (losses.by_reason[i] > losses.by_reason[most]) most = i;
  return to_string(static_cast<LossReason>(most));
}

}  // namespace

TailSource::TailSource(Tails& tails, Tails::Key reader, TailRequest request, FabricShard& fabric)
    : TurnWorker(tails.shard().work(), {Beneficiary::Kind::kChannel, request.channel.value}),
      tails_(tails),
      turn_(tails.shard().work()),
      lines_(fabric.reader(*this)),
      reader_(reader),
      request_(std::move(request)),
      identity_(fabric.identity()) {}

void TailSource::start() {
  if (lines_->open(request_.channel).has_error()) {
    done_ = ended_ = true;
    TailBatch batch;
    batch.found = false;
    batch.last = true;
    tails_.send_batch(reader_, std::move(batch));
    return;
  }
  if (!request_.query.tail) stop_ = lines_->end();
  go_on();
}

void TailSource::begin() {
  matcher_.emplace(request_.query);
  cost_.work += kWorkToCompile * request_.query.filter.size();
  if (done_) return;
  if (!request_.resume.empty())
    begin_by_cursor();
  else if (request_.query.num != 0)
    search_.emplace(*lines_, *matcher_, request_.query.num);
}

void TailSource::begin_by_cursor() {
  const auto cursor = Cursor::parse(request_.resume, identity_.log_id);
  if (cursor.has_error()) return begin_anew(cursor.error() == CursorError::kForeign ? "foreign_cursor" : "bad_cursor");
  const auto resumed = lines_->resume(cursor->next);
  if (!resumed) return begin_anew("restarted");
  lines_->seek(resumed->next);
  if (resumed->lost > 0) put_gap(resumed->lost, "restarted", resumed->next);
}

void TailSource::put_gap(std::uint64_t lines, std::string_view reason, Seq next) {
  const WallTime now = tails_.shard().wall_now();
  append_gap(out_, request_.format, {lines, reason, now}, cursor_text(next), now);
  tails_.counters_.lost += lines;
}

/// We cannot tell which lines the reader missed: it gets a gap with the reason, then all lines that exist.
void TailSource::begin_anew(std::string_view reason) {
  anew_ = reason;
  search_.emplace(*lines_, *matcher_, LineQuery::kMostNum);
}

void TailSource::grant() {
  ++credit_;
  go_on();
}

void TailSource::go_on() {
  if (ended_ || credit_ == 0) return;
  if (const Work share = turn_.share(); share > 0)
    on_share(share);
  else
    turn_.ask(*this);
}

void TailSource::on_share(Work share) {
  const WorkingFor scope({Beneficiary::Kind::kChannel, request_.channel.value});
  share_ = share;
  cost_ = {};
  if (!lines_->is_open()) channel_is_gone();  // closed in this turn; on_closed() comes at its end
  if (!matcher_) begin();
  if (search_) search();
  if (!search_) produce();
  turn_.spend(cost_.work);
  tails_.counters_.gave_up += cost_.gave_up;
}

void TailSource::search() {
  const LineMatcher::Cost did = search_->go_on(share_ - std::min(share_, cost_.work));
  cost_.work += did.work;
  cost_.gave_up += did.gave_up;
  if (!search_->done()) {
    if (!search_->waits()) turn_.ask(*this);
    return;
  }
  matched_ = search_->found();
  search_.reset();
  if (!anew_.empty()) put_gap(0, anew_, lines_->position());
}

void TailSource::produce() {
  while (credit_ > 0 && !ended_) {
    full_ = false;
    if (!done_) {
      lines_->take(*this);
      done_ = done_ || lines_->position() >= stop_;
    }
    if (!done_ && !full_ && !has_share() && lines_->has_ready()) return turn_.ask(*this);
    if (out_.empty() && started_ && !done_) return;
    send(done_);
  }
}

void TailSource::send(bool last) {
  if (!started_ && out_.empty() && lines_->is_open())
    append_cursor(out_, request_.format, cursor_text(lines_->position()));
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

/// Lines that were not found or rendered by now are gone with the channel.
void TailSource::channel_is_gone() {
  done_ = true;
  search_.reset();
}

void TailSource::on_closed() {
  channel_is_gone();
  go_on();
}

bool TailSource::on_line(ChannelSlot, Seq seq, const RecordView& line) {
  if (seq >= stop_ || matcher_->past_end(line.received())) {
    done_ = true;
    return false;
  }
  if (!has_share()) return false;
  if (!out_.empty() && out_.size() + line.size() + kOverhead > Tails::kBatchBytes) {
    full_ = true;
    return false;
  }
  if (!matcher_->matches(line, cost_)) return true;
  cost_.work += kWorkPerRendering + kWorkPerRenderedByte * line.size();
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

}  // namespace sluice::api
