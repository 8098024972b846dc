#include "drains/delivery/frame_ring.hpp"

#include <deque>
#include <map>

#include <gtest/gtest.h>

#include "drains/delivery/frame_memory.hpp"
#include "logplex/wire/frame_splitter.hpp"
#include "tests/unit/drains/drain_fixture.hpp"
#include "tests/unit/logplex/channel/fabric_fixture.hpp"

namespace sluice::drains {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// A fabric and rings on one shard whose turns and time the test decides.
struct RingWorld : HandDriven {
  explicit RingWorld(Bytes budget = 64_MiB, std::uint64_t history = 1500, Bytes frame = 128_KiB)
      : HandDriven(1, budget, history), settings(with_frames_of(frame)) {}
  static DrainSettings with_frames_of(Bytes frame) {
    DrainSettings settings = default_settings();
    settings.syslog_batch_bytes = frame;
    return settings;
  }

  std::shared_ptr<FrameRing> ring(const std::string& filter = "") {
    Drain drain = drain_to("syslog://h");
    drain.channel.clear();
    drain.filter = filter;
    return memory.rings.find(drain);
  }
  std::uint64_t charged() { return memory.bodies.used_bytes(); }

  const DrainSettings settings;
  Resolver resolver;
  AddressGuard guard = AddressGuard::parse({"127.0.0.1"}).value();
  Dialer dialer{runtime.shard(0), resolver, guard};
  Lane tls_lane{"tls", 1, 16};
  const DrainEnvironment environment{runtime.shard(0), dialer, settings, nullptr, tls_lane, "Logplex/test"};
  FrameMemory memory{environment, fabric.shard(0)};
};

/// Lines are numbered by their channel's sender; this is what a receiver has seen of them.
class Receiver {
 public:
  void see(const std::string& sender, std::uint64_t number) {
    auto& last = last_[sender];
    EXPECT_GT(number, last) << "never again, never backwards";
    if (!gaps_allowed) {
      EXPECT_EQ(number, last + step) << "nothing is missing";
    }
    last = number;
    ++lines;
  }
  std::uint64_t lines = 0;
  std::uint64_t step = 1;
  bool gaps_allowed = false;

 private:
  std::map<std::string, std::uint64_t> last_;
};

/// A drain reduced to its part in the ring: frames are consumed when the test says so.
class Follower final : public Subscription, public FrameRing::Reader, private LineVisitor {
 public:
  Follower(RingWorld& world, std::shared_ptr<FrameRing> ring, std::string filter, int number)
      : Subscription(world.local(), Retention::kUntaken),
        world_(world),
        ring_(std::move(ring)),
        filter_(Filter::parse(filter).value()),
        token_("d." + std::string(35, '0') + static_cast<char>('a' + number)) {
    EXPECT_TRUE(attach_all());
  }
  ~Follower() { ring_->forget(*this); }

  bool try_join() {
    if (following() || !ring_->join(*this)) return false;
    ring_filtered_ = ring_->filtered();
    ++joins;
    return true;
  }
  void leave() {
    if (!following()) return;
    ring_->leave(*this);
    on_fallen_out();
  }
  /// Sends so many frames; then lines of its own, when it has none left.
  void consume(std::size_t frames, std::uint64_t own_lines) {
    for (; frames > 0 && !frames_.empty(); --frames) {
      consume_one();
      if (following()) ring_->on_progress();
    }
    if (frames_.empty() && !following() && own_lines > 0) take(*this, {own_lines});
  }
  void check() const {
    std::uint64_t in_frames = 0;
    for (const auto& frame : frames_) in_frames += frame.lines;
    if (following()) in_frames += ring_->open().lines;
    const std::uint64_t filtered = filtered_ + (following() ? ring_->filtered() - ring_filtered_ : 0);
    ASSERT_EQ(offered(), filtered + receiver.lines + in_frames + given_up + lost().total() + pending_lines());
    ASSERT_LE(told_, lost().total() + given_up);
  }
  void check_all_received() {
    leave();
    consume(~std::size_t{0}, ~std::uint64_t{0});
    check();
    ASSERT_EQ(pending_lines(), 0u);
    ASSERT_EQ(told_, lost().total());
  }

  Receiver receiver;
  bool at_once = false;     // consumes a frame while it is handed out, as an idle drain sends it
  std::size_t arrived = 0;  // frames that its receiver has, although they are not consumed
  std::uint64_t given_up = 0;
  int joins = 0;
  int falls = 0;
  int all_read = 0;

 private:
  void on_news() override {}
  void on_frame(const FrameRing::Shared& frame) override {
    if (frames_.empty()) progress_ = world_.runtime.shard(0).now();
    frames_.push_back(frame);
    while (at_once && !frames_.empty()) consume_one();
  }
  void on_ring_loss(std::uint64_t lines, WallTime) override { told_ += lines; }
  void on_all_read() override { ++all_read; }
  void on_fallen_out() override {
    filtered_ += ring_->filtered() - ring_filtered_;
    ++falls;
  }
  void fold_frames() override {
    for (const auto& frame : frames_) given_up += frame.lines;
    frames_.clear();
    receiver.gaps_allowed = true;
  }
  std::size_t frames_behind() const override { return frames_.size() - std::min(frames_.size(), arrived); }
  std::size_t frames_held() const override { return frames_.size(); }
  SteadyTime progress() const override { return progress_; }
  Subscription& subscription() override { return *this; }

  void consume_one() {
    receive(frames_.front());
    frames_.pop_front();
    progress_ = world_.runtime.shard(0).now();
  }
  void receive(const FrameRing::Shared& frame) {
    frame.body->address_to(token_);
    FrameSplitter splitter(1 << 20);
    splitter.feed(frame.body->bytes);
    std::uint64_t messages = 0;
    std::uint64_t in_runs = 0;
    for (; splitter.next() == FrameSplitter::Step::kFrame; ++messages) see(splitter.frame());
    EXPECT_EQ(messages, frame.lines);
    for (const Run& run : frame.body->runs) in_runs += run.lines();
    EXPECT_EQ(in_runs, frame.lines);
  }
  /// `<PRI>1 TIME TOKEN SOURCE PROC - - NUMBER/...`
  void see(std::string_view message) {
    std::array<std::string_view, 8> fields;
    for (auto& field : fields) {
      const auto space = message.find(' ');
      field = message.substr(0, space);
      message.remove_prefix(std::min(field.size() + 1, message.size()));
    }
    ASSERT_TRUE(message.empty());
    ASSERT_EQ(fields[2], token_);
    receiver.see(std::string(fields[3]), std::stoull(std::string(fields[7])));
  }
  bool on_line(ChannelSlot, Seq, const RecordView& line) override {
    if (filter_.matches(line))
      receiver.see(std::string(line.source()), std::stoull(std::string(line.text())));
    else
      ++filtered_;
    return true;
  }
  void on_loss(const Losses& losses) override { told_ += losses.total(); }

  RingWorld& world_;
  const std::shared_ptr<FrameRing> ring_;
  const Filter filter_;
  const std::string token_;
  std::deque<FrameRing::Shared> frames_;
  std::uint64_t filtered_ = 0;
  std::uint64_t ring_filtered_ = 0;
  std::uint64_t told_ = 0;
  SteadyTime progress_{};
};

/// Appends numbered lines; every second one says "odd".
struct Senders {
  void append(RingWorld& world, ChannelSlot slot, std::size_t padding) {
    const std::uint64_t number = ++counts[slot.value];
    const std::string source = "c" + std::to_string(slot.value);
    const std::string text = std::to_string(number) + (number % 2 == 1 ? "/odd" : "/even") + std::string(padding, 'x');
    LineView line = line_of(text);
    line.source = source;
    world.local().append(slot, line);
  }
  std::map<std::uint32_t, std::uint64_t> counts;
};

struct Met {
  int joins = 0;
  int falls = 0;
  std::uint64_t lost = 0;
  std::uint64_t given_up = 0;
};

void run(std::uint64_t seed, Bytes budget, std::uint64_t burst, const std::string& filter, Met& met) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  SeededRng rng(seed);
  RingWorld world(budget, 100, 4_KiB);
  Senders senders;
  std::vector<ChannelSlot> slots;
  for (int i = 0; i < 5; ++i) slots.push_back(world.open());
  std::vector<std::unique_ptr<Follower>> followers;
  const bool may_lose = budget.count < (64u << 20);
  const auto add = [&] {
    auto& it = *followers.emplace_back(
        std::make_unique<Follower>(world, world.ring(filter), filter, static_cast<int>(followers.size())));
    it.receiver.gaps_allowed = true;  // the first number is any
    it.at_once = followers.size() % 4 == 2;
    it.try_join();
  };
  add();
  followers[0]->receiver.gaps_allowed = may_lose;
  followers[0]->receiver.step = filter.empty() ? 1 : 2;
  if (!filter.empty()) followers[0]->receiver.gaps_allowed = true;
  for (int step = 0; step < 250 && !testing::Test::HasFailure(); ++step) {
    Follower& any = *followers[rng.below(followers.size())];
    switch (rng.below(12)) {
      case 0:
        if (followers.size() < 6) add();
        break;
      case 1:
        if (followers.size() > 2 && rng.below(3) == 0) followers.pop_back();
        break;
      case 2:
        any.leave();
        break;
      case 3:
      case 4:
        any.try_join();
        break;
      case 5:
        any.consume(rng.below(80), rng.below(600));
        break;
      case 6:
        for (auto& it : followers) it->consume(~std::size_t{0}, ~std::uint64_t{0});
        break;
      case 7:
        world.pass(milliseconds(rng.below(1200)));
        break;
      default: {
        const std::uint64_t lines = rng.below(rng.below(4) == 0 ? burst : 50);
        for (std::uint64_t i = 0; i < lines; ++i) senders.append(world, slots[rng.below(slots.size())], rng.below(300));
        world.turns(1);
      }
    }
    for (const auto& it : followers) it->check();
  }
  for (const auto& it : followers) {
    met.joins += it->joins;
    met.falls += it->falls;
    met.lost += it->lost().total();
    met.given_up += it->given_up;
    it->check_all_received();
  }
  world.turns(4);
  followers.clear();
  for (int i = 0; i < 40; ++i) world.pass(seconds(1));
  ASSERT_EQ(world.charged(), 0u) << "all memory of frames is given back";
}

TEST(FrameRingProperty, every_line_once_in_order_to_every_reader) {
  Met met;
  for (std::uint64_t seed = 1; seed <= 20 && !HasFailure(); ++seed) run(seed, 256_MiB, 700, "", met);
  EXPECT_EQ(met.lost, 0u);
  EXPECT_GT(met.joins, 150);
  EXPECT_GT(met.falls, 60);
}

TEST(FrameRingProperty, the_same_with_a_filter) {
  Met met;
  for (std::uint64_t seed = 100; seed <= 107 && !HasFailure(); ++seed) run(seed, 256_MiB, 700, "text~odd", met);
  EXPECT_EQ(met.lost, 0u);
  EXPECT_GT(met.joins, 50);
}

TEST(FrameRingProperty, what_is_lost_while_memory_is_short_is_counted_and_told) {
  Met met;
  for (std::uint64_t seed = 200; seed <= 207 && !HasFailure(); ++seed) run(seed, 1_MiB, 5000, "", met);
  EXPECT_GT(met.lost, 500u);
  EXPECT_GT(met.falls, 30);
}

TEST(FrameRing, each_line_is_rendered_once_and_sent_under_each_token) {
  RingWorld world;
  Senders senders;
  const ChannelSlot slot = world.open();
  Follower one(world, world.ring(), "", 0);
  Follower two(world, world.ring(), "", 1);
  ASSERT_TRUE(one.try_join());
  ASSERT_TRUE(two.try_join());
  for (int i = 0; i < 1000; ++i) senders.append(world, slot, 200);
  world.turns(1);
  EXPECT_EQ(world.memory.bodies.shared_bodies(), 2u) << "full frames at once";
  world.pass(milliseconds(20));
  EXPECT_EQ(world.memory.bodies.shared_bodies(), 3u) << "the rest when the flush window is over";
  EXPECT_GT(world.charged(), 200'000u);
  one.consume(10, 0);
  two.consume(10, 0);
  EXPECT_EQ(one.receiver.lines, 1000u);
  EXPECT_EQ(two.receiver.lines, 1000u);
}

TEST(FrameRing, ingress_is_held_only_while_most_readers_are_behind_and_get_on) {
  RingWorld world;
  Senders senders;
  const ChannelSlot slot = world.open();
  std::vector<std::unique_ptr<Follower>> readers;
  for (int i = 0; i < 4; ++i) {
    readers.push_back(std::make_unique<Follower>(world, world.ring(), "", i));
    ASSERT_TRUE(readers.back()->try_join());
  }
  const auto burst = [&](int frames) {
    for (int i = 0; i < frames * 600; ++i) senders.append(world, slot, 200);
    world.turns(1);
  };
  const auto held = [&] { return world.local().ingress_delay(slot) > Duration{0}; };
  burst(40);
  EXPECT_TRUE(held());
  for (int i = 0; i < 3; ++i) readers[static_cast<std::size_t>(i)]->consume(100, 0);
  EXPECT_FALSE(held()) << "one slow reader of four holds nobody up";
  burst(40);
  EXPECT_FALSE(readers[3]->following());
  EXPECT_TRUE(held());
  world.pass(milliseconds(1100));
  EXPECT_FALSE(held()) << "nobody gets on";
  for (const auto& it : readers) {
    EXPECT_FALSE(it->following());
    it->check_all_received();
    EXPECT_TRUE(it->try_join());
  }
}

TEST(FrameRing, costly_filter_makes_no_small_frames) {
  RingWorld world;
  Senders senders;
  const ChannelSlot slot = world.open();
  Follower one(world, world.ring("text~(even|odd)x+$"), "text~(even|odd)x+$", 0);
  ASSERT_TRUE(one.try_join());
  const auto burst = [&] {
    for (int i = 0; i < 10'000; ++i) senders.append(world, slot, 200);
  };
  burst();
  world.turns(2);
  EXPECT_TRUE(one.has_pending()) << "it cannot look at all lines in two turns";
  EXPECT_GT(world.ring("text~(even|odd)x+$")->open().lines, 0u);
  one.check();
  world.turns(100);
  world.pass(milliseconds(20));
  EXPECT_FALSE(one.has_pending());
  EXPECT_LE(world.memory.bodies.shared_bodies(), 10'000u * 300 / (128 << 10) + 2);
  burst();
  world.turns(2);
  one.check_all_received();
  EXPECT_EQ(one.receiver.lines, 20'000u);
}

/// Two rings whose readers are away, each beside one that is well.
TEST(FrameRing, readers_that_fell_out_keep_their_frames_while_there_is_memory) {
  RingWorld world(512_MiB);
  Senders senders;
  const ChannelSlot slot = world.open();
  std::vector<std::unique_ptr<Follower>> away;
  std::vector<std::unique_ptr<Follower>> well;
  for (const char* filter : {"text~odd", "text~even", ""}) {
    const int number = static_cast<int>(away.size());
    away.push_back(std::make_unique<Follower>(world, world.ring(filter), filter, number));
    well.push_back(std::make_unique<Follower>(world, world.ring(filter), filter, number));
    well.back()->at_once = true;
    away.back()->receiver.gaps_allowed = well.back()->receiver.gaps_allowed = true;  // its filter's
    ASSERT_TRUE(away.back()->try_join() && well.back()->try_join());
  }
  for (int i = 0; i < 300; ++i) {
    for (int line = 0; line < 600; ++line) senders.append(world, slot, 200);
    world.turns(10);
  }
  for (std::size_t i = 0; i < away.size(); ++i) {
    EXPECT_FALSE(away[i]->following());
    EXPECT_EQ(away[i]->given_up, 0u);
    away[i]->check_all_received();
    EXPECT_EQ(away[i]->lost().total(), 0u);
    EXPECT_EQ(away[i]->receiver.lines, i < 2 ? 90'000u : 180'000u);
  }
}

TEST(FrameRing, frames_of_many_rings_take_half_of_the_budget_and_what_each_holds_at_least) {
  constexpr std::uint64_t kBudget = 24 << 20;
  constexpr std::uint64_t kFrame = 140 << 10;
  RingWorld world(Bytes{kBudget});
  Senders senders;
  const ChannelSlot slot = world.open();
  std::vector<std::unique_ptr<Follower>> away;
  for (int i = 0; i < 12; ++i) {
    const std::string filter = "text~odd|even|" + std::string(static_cast<std::size_t>(i + 1), 'z');
    away.push_back(std::make_unique<Follower>(world, world.ring(filter), filter, i));
    ASSERT_TRUE(away.back()->try_join());
  }
  std::uint64_t most = 0;
  for (int i = 0; i < 150; ++i) {
    for (int line = 0; line < 600; ++line) senders.append(world, slot, 200);
    world.turns(20);
    most = std::max(most, world.charged());
  }
  EXPECT_GT(most, kBudget / 3) << "so many frames that it matters";
  EXPECT_LT(most, kBudget / 2 + away.size() * 2 * kFrame);
  for (const auto& it : away) it->check();
}

TEST(FrameRing, frames_of_few_lines_take_little_memory) {
  RingWorld world;
  Senders senders;
  const ChannelSlot slot = world.open();
  Follower one(world, world.ring(), "", 0);
  ASSERT_TRUE(one.try_join());
  for (int i = 0; i < 20; ++i) {
    senders.append(world, slot, 200);
    world.pass(milliseconds(20));
  }
  EXPECT_GE(world.memory.bodies.shared_bodies(), 10u);
  EXPECT_LT(world.charged(), 3u * 128 << 10) << "and not room for a full frame each";
  one.check_all_received();
}

/// A new connection confirms late what has arrived long ago.
TEST(FrameRing, frames_that_arrived_keep_nobody_from_following_up_to_two_rings) {
  RingWorld world;
  Senders senders;
  const ChannelSlot slot = world.open();
  Follower one(world, world.ring(), "", 0);
  Follower two(world, world.ring(), "", 1);
  one.arrived = two.arrived = ~std::size_t{0};
  const auto burst = [&](int frames) {
    for (int i = 0; i < frames * 600; ++i) senders.append(world, slot, 200);
    world.turns(1);
  };
  ASSERT_TRUE(one.try_join() && two.try_join());
  for (int i = 0; i < 8; ++i) burst(10);
  EXPECT_TRUE(one.following());
  EXPECT_EQ(world.local().ingress_delay(slot), Duration{0});
  for (int i = 0; i < 6; ++i) burst(10);
  EXPECT_FALSE(one.following()) << "the memory of frames has a bound";
}

TEST(FrameRing, readers_of_a_ring_that_flushes_learn_that_it_has_read_everything) {
  RingWorld world;
  Senders senders;
  const ChannelSlot slot = world.open();
  Follower one(world, world.ring("text~nothing"), "text~nothing", 0);
  ASSERT_TRUE(one.try_join());
  senders.append(world, slot, 10);
  EXPECT_EQ(one.all_read, 0);
  world.ring("text~nothing")->flush();
  EXPECT_GT(one.all_read, 0) << "also when the filter let no line pass";
}

TEST(FrameRing, drains_with_other_filters_or_formats_share_nothing) {
  RingWorld world;
  EXPECT_EQ(world.ring(), world.ring());
  EXPECT_NE(world.ring("text~a"), world.ring());
  Drain http = drain_to("http://h/");
  http.channel.clear();
  const auto kept = world.ring();
  EXPECT_NE(world.memory.rings.find(http), kept);
  Drain tls = drain_to("syslog+tls://h");
  tls.channel.clear();
  EXPECT_EQ(world.memory.rings.find(tls), kept);
  EXPECT_EQ(world.memory.rings.find(drain_to("syslog://h")), nullptr) << "only global drains";
}

}  // namespace
}  // namespace sluice::drains
