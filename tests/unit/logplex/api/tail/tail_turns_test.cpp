#include <gtest/gtest.h>

#include "logplex/api/tail/tails.hpp"
#include "logplex/base/clock.hpp"
#include "logplex/runtime/runtime.hpp"

namespace sluice::api {
namespace {

using namespace std::chrono_literals;

constexpr ChannelSlot kChannel{1};

/// Somebody else's work, which never ends: nobody else has work done at once.
class Busy final : public TurnWorker {
 public:
  explicit Busy(Shard& shard) : TurnWorker(shard.work(), {Beneficiary::Kind::kApp, 1}), turn_(shard.work()) {}
  void on_share(Work share) override {
    ++slices;
    turn_.spend(share);
    turn_.ask(*this);
  }
  std::uint64_t slices = 0;

 private:
  TurnWork& turn_;
};

struct OneShard {
  ManualClock clock;
  Runtime runtime{1, clock};
  Fabric fabric{runtime, {64_MiB, 1500, {}}, 1s, {1, 1}};
  Shard& shard = runtime.shard(0);
  ShardScope scope{shard};
  Tails tails{shard, fabric.shard(0)};

  OneShard() {
    tails.connect({&tails});
    fabric.shard(0).open_channel(kChannel, "c");
  }
  void append(int count) {
    const std::string text(8000, 'x');
    LineView line;
    line.text = text;
    for (int i = 0; i < count; ++i) fabric.shard(0).append(kChannel, line);
  }
  void turn(int times = 1) {
    for (int i = 0; i < times; ++i) shard.turn();
  }
};

TEST(TailTurns, a_client_that_does_not_read_costs_no_turns) {
  OneShard one;
  TailRequest request{kChannel, {}, LineFormat::kText, {}};
  request.query.num = 0;
  request.query.tail = true;
  TailReader reader(one.tails, 0, std::move(request));
  one.turn(3);
  for (int i = 0; i < 10; ++i) {
    one.append(5);
    one.turn(3);
  }
  const auto batches = one.tails.counters().batches;
  EXPECT_EQ(batches, Tails::kCredit) << "no batch was taken";
  Busy busy(one.shard);
  one.shard.work().ask(busy);
  one.turn();
  const auto others = [&] { return one.shard.work().slices() - busy.slices; };
  const auto before = others();
  for (int i = 0; i < 10; ++i) {
    one.append(5);
    one.turn(3);
  }
  EXPECT_EQ(others(), before) << "it asked though it could send nothing";

  while (reader.has_batch()) {
    reader.take_batch();
    reader.release();
  }
  one.turn(5);
  EXPECT_GT(others(), before) << "it goes on when its client reads";
  EXPECT_GT(one.tails.counters().batches, batches);
}

}  // namespace
}  // namespace sluice::api
