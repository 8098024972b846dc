#include "router/sockets/byte_queue.hpp"

#include <string>

#include <gtest/gtest.h>

#include "logplex/base/rng.hpp"
#include "logplex/runtime/runtime.hpp"

namespace sluice::router {
namespace {

struct Holder final : MemoryHolder {
  void give_up_memory(MemoryClass) override {}
};

struct Owned {
  ManualClock clock;
  Runtime runtime{1, clock};
  ShardScope scope{runtime.shard(0)};
  Holder holder;
  MemoryOwner owner{runtime.shard(0), MemoryClass::kRouterHeads, holder};
  std::uint64_t held() { return runtime.memory().held(MemoryClass::kRouterHeads).count; }
};

TEST(ByteQueue, is_charged_while_it_holds_anything) {
  Owned o;
  ByteQueue queue;
  queue.append("abc", o.owner);
  EXPECT_GE(o.held(), 4096u);
  queue.append(std::string(100000, 'x'), o.owner);
  EXPECT_GE(o.held(), 131072u);
  EXPECT_LT(o.held(), 131072u + 4096u);
  queue.consume(queue.size());
  EXPECT_EQ(o.held(), 0u);
}

TEST(ByteQueue, gives_out_what_was_put_in_in_order) {
  Owned o;
  ByteQueue queue;
  std::string expected;
  SeededRng rng(5);
  char next = 'a';
  for (int step = 0; step < 5000; ++step) {
    if (rng.below(2) == 0) {
      const std::string more(rng.below(step % 50 == 0 ? 20000 : 300), next++);
      queue.append(more, o.owner);
      expected += more;
    } else {
      const std::size_t count = rng.below(4) == 0 ? expected.size() : rng.below(expected.size() + 1);
      queue.consume(count);
      expected.erase(0, count);
    }
    ASSERT_EQ(queue.view(), expected);
    ASSERT_EQ(queue.empty(), expected.empty());
  }
}

TEST(ByteQueue, owns_nothing_when_empty) {
  Owned o;
  ByteQueue queue;
  EXPECT_EQ(queue.data(), nullptr);
  queue.append("abc", o.owner);
  queue.consume(3);
  EXPECT_EQ(queue.data(), nullptr);
  queue.append("abc", o.owner);
  queue.clear();
  EXPECT_EQ(queue.data(), nullptr);
  queue.consume(0);
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(sizeof queue, sizeof(void*));
}

}  // namespace
}  // namespace sluice::router
