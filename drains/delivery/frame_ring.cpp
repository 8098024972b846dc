#include "drains/delivery/frame_ring.hpp"

#include <algorithm>

#include "drains/kinds/ledger.hpp"

namespace sluice::drains {
namespace {

/// How many frames a reader may be behind, if the budget allows it: 8 MiB in frames of 128 KiB.
constexpr std::uint64_t kMostFrames = 64;
constexpr std::uint64_t kFewestFrames = 8;
/// The same while all frames of the shard together take too much memory.
constexpr std::size_t kMostWhenFull = 2;
/// The frames of one ring may take 1/kPartOfBudget of the shard's budget.
constexpr std::uint64_t kPartOfBudget = 6;
constexpr std::size_t kSmallestFrame = 4 << 10;
/// Ingress does not wait for a reader that made no progress for this long.
constexpr std::chrono::seconds kPatience{1};

}  // namespace

/// Renders lines into the open frame. A loss between two lines ends the frame.
class FrameRing::Renderer final : public LineVisitor {
 public:
  struct Loss {
    std::uint64_t lines = 0;
    WallTime since{};
  };

  /// With a filter, it stops after `share` work.
  Renderer(FrameRing& ring, Work share)
      : ring_(ring), frame_(ring.open_), body_(*ring.open_.body), target_(ring.target()), share_(share) {}
  virtual ~Renderer() = default;

  bool on_line(ChannelSlot channel, Seq seq, const RecordView& line) override {
    const std::size_t begin = body_.bytes.size();
    is_full = after.lines > 0 || (frame_.lines > 0 && begin + line.size() + Encoder::kMessageExtra > target_) ||
              body_.passed.full();
    if (is_full || (ring_.filter_ && cost.work >= share_)) return false;
    if (line.tails_only() || (ring_.filter_ && !passes(line))) {
      ++ring_.filtered_;
      return true;
    }
    if (ring_.encoder_->tells_ways()) body_.passed.add(frame_.lines, line.passed());
    if (frame_.lines++ == 0 || line.received() < frame_.oldest) frame_.oldest = line.received();
    ring_.encoder_->append_from(channel, seq, line, body_.bytes);
    const auto token = ring_.encoder_->token_in(line, std::string_view(body_.bytes).substr(begin));
    if (token) body_.tokens.push_back(static_cast<std::uint32_t>(begin + *token));
    add_line(body_.runs, channel, seq);
    return true;
  }
  void on_loss(const Losses& losses) override {
    Loss& loss = frame_.lines == 0 ? before : after;
    if (loss.lines == 0) loss.since = losses.since;
    loss.lines += reportable(losses);
  }

  bool is_full = false;  // the frame takes no more lines
  Loss before;
  Loss after;
  Filter::Tally cost;

 private:
  bool passes(const RecordView& line) {
    cost.work += kWorkPerLine;
    return ring_.filter_->matches(line, cost);
  }

  FrameRing& ring_;
  Shared& frame_;
  SharedBody& body_;
  const std::size_t target_;
  const Work share_;
};

FrameRing::FrameRing(const DrainEnvironment& environment, FabricShard& fabric, BodyPool& bodies,
                     std::unique_ptr<Encoder> encoder, std::optional<Filter> filter, Beneficiary owner)
    : OnShard(environment.shard),
      Subscription(fabric, Retention::kUntaken),
      TurnWorker(environment.shard.work(), owner),
      environment_(environment),
      fabric_(fabric),
      bodies_(bodies),
      encoder_(std::move(encoder)),
      filter_(std::move(filter)),
      flush_time_(environment.shard.wheel(), *this),
      patience_(environment.shard.wheel(), *this) {}

FrameRing::~FrameRing() { hold(false); }

std::size_t FrameRing::target() const {
  return std::clamp<std::size_t>(fabric_.budget_bytes() / (kMostFrames * 2), kSmallestFrame, encoder_->target_bytes());
}

std::size_t FrameRing::depth() const {
  return std::clamp(fabric_.budget_bytes() / kPartOfBudget / target(), kFewestFrames, kMostFrames);
}

bool FrameRing::join(Reader& reader) {
  render_all();
  hand_out();
  // Without readers, perhaps because they have just dropped out, the ring is not attached.
  if (!attached() && !attach_all()) return false;
  if (!reader.subscription().follow(*this)) {
    if (readers_.empty()) rest();
    return false;
  }
  bodies_.remove_holder(reader);
  readers_.push_back(&reader);
  return true;
}

void FrameRing::leave(Reader& reader) {
  const auto at = std::ranges::find(readers_, &reader);
  if (at == readers_.end()) return;
  hand_out();
  readers_.erase(at);
  reader.subscription().part();
  bodies_.add_holder(reader);
  look_after_readers();
}

void FrameRing::forget(Reader& reader) {
  leave(reader);
  bodies_.remove_holder(reader);
}

/// Without readers the ring renders nothing and keeps no lines.
void FrameRing::rest() {
  hold(false);
  flush_time_.disarm();
  detach();
}

void FrameRing::on_news() {
  if (flushing_) return render_all();
  render(target());
  if (has_pending() && !flush_time_.armed()) flush_time_.arm(environment_.settings.flush_window);
}

void FrameRing::flush() {
  flushing_ = true;
  render_all();
}

void FrameRing::render_all() {
  render(0);
  flush_time_.disarm();
}

bool FrameRing::is_wanted() const { return attached() && has_pending() && pending_bytes() >= wanted_; }

/// Without a filter a line costs only a copy, and ingress limits how many arrive in a turn, so no share of work is
/// needed.
void FrameRing::render(std::uint64_t at_least_pending) {
  wanted_ = at_least_pending;
  TurnWork& turn = shard().work();
  while (is_wanted()) {
    const Work share = filter_ ? turn.share() : TurnWork::kSlice;
    if (share == 0) return turn.ask(*this);
    const Work work = render_one(share);
    if (filter_) turn.spend(work);
  }
  if (!has_pending()) end_frame();
}

void FrameRing::on_share(Work share) {
  if (is_wanted()) shard().work().spend(render_one(share));
  if (is_wanted()) shard().work().ask(*this);
  if (!has_pending()) end_frame();
}

/// No line waits any more: hands out the open frame as it is.
void FrameRing::end_frame() {
  hand_out();
  if (!flushing_) return;
  for (Reader* reader : readers_) reader->on_all_read();
}

/// Renders one share of the open frame. While the frame is open there are lines waiting, so another call follows.
Work FrameRing::render_one(Work share) {
  if (!open_.body) open_.body = bodies_.take_shared(target());
  const std::size_t begin = open_.body->bytes.size();
  Renderer renderer(*this, share);
  keep_since(WallTime::min());
  take(renderer);
  gave_up_ += renderer.cost.gave_up;
  const Work work = renderer.cost.work + work_of_bytes(open_.body->bytes.size() - begin);
  bodies_.settle(*open_.body);
  const auto tell = [this](const Renderer::Loss& loss) {
    if (loss.lines == 0) return;
    for (Reader* reader : readers_) reader->on_ring_loss(loss.lines, loss.since);
  };
  tell(renderer.before);
  // The ring keeps these lines until its readers have the frame; then the readers keep them.
  keep_since(open_.lines > 0 ? open_.oldest : kNothing);
  if (renderer.is_full || renderer.after.lines > 0 || !has_pending()) hand_out();
  tell(renderer.after);
  look_after_readers();
  return work;
}

void FrameRing::hand_out() {
  const Shared frame = std::exchange(open_, {});
  if (frame.lines == 0) return;
  bodies_.close(*frame.body);
  bodies_.relieve();
  for (Reader* reader : readers_) reader->on_frame(frame);
  keep_since(kNothing);
}

void FrameRing::on_progress() {
  if (holding_) look_after_readers();
}

bool FrameRing::is_behind(const Reader& reader) const { return reader.frames_behind() >= depth() / 2; }

bool FrameRing::must_fall_out(const Reader& reader) const {
  const std::size_t most = bodies_.is_full() ? kMostWhenFull : depth();
  if (reader.frames_behind() >= most || reader.frames_held() >= 2 * most) return true;
  return is_behind(reader) && shard().now() - reader.progress() >= kPatience;
}

void FrameRing::let_fall_out(std::size_t at) {
  hand_out();
  Reader& reader = *readers_[at];
  readers_.erase(readers_.begin() + static_cast<std::ptrdiff_t>(at));
  reader.subscription().part();
  bodies_.add_holder(reader);
  reader.on_fallen_out();
}

bool FrameRing::dissolve() {
  if (!attached()) return false;
  while (!readers_.empty()) let_fall_out(readers_.size() - 1);
  rest();
  return true;
}

void FrameRing::look_after_readers() {
  for (std::size_t i = readers_.size(); i-- > 0;) {
    if (must_fall_out(*readers_[i])) let_fall_out(i);
  }
  if (readers_.empty()) return rest();
  const auto behind = std::count_if(readers_.begin(), readers_.end(), [this](Reader* it) { return is_behind(*it); });
  hold(readers_.size() > 1 && static_cast<std::size_t>(behind) * 2 > readers_.size());
}

void FrameRing::hold(bool wanted) {
  if (std::exchange(holding_, wanted) != wanted) fabric_.hold_ingress(wanted);
  if (!wanted) return patience_.disarm();
  if (!patience_.armed()) patience_.arm(kPatience);
}

}  // namespace sluice::drains
