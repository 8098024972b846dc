#include "router/byte_queue.hpp"

#include <string>

#include <gtest/gtest.h>

#include "logplex/base/rng.hpp"

namespace sluice {
namespace {

TEST(ByteQueue, gives_out_what_was_put_in_in_order) {
  ByteQueue queue;
  std::string expected;
  SeededRng rng(5);
  char next = 'a';
  for (int step = 0; step < 5000; ++step) {
    if (rng.below(2) == 0) {
      const std::string more(rng.below(step % 50 == 0 ? 20000 : 300), next++);
      queue.append(more);
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
  ByteQueue queue;
  EXPECT_EQ(queue.data(), nullptr);
  queue.append("abc");
  queue.consume(3);
  EXPECT_EQ(queue.data(), nullptr);
  queue.append("abc");
  queue.clear();
  EXPECT_EQ(queue.data(), nullptr);
  queue.consume(0);
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(sizeof queue, sizeof(void*));
}

}  // namespace
}  // namespace sluice
