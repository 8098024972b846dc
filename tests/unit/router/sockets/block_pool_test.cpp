#include "router/sockets/block_pool.hpp"

#include <cstring>
#include <map>
#include <vector>

#include <gtest/gtest.h>

#include "logplex/base/rng.hpp"

namespace sluice::router {
namespace {

constexpr std::size_t kSize = 350;

/// Fills an object with a byte of its own, to see that no two share memory.
void mark(void* object, std::size_t number) { std::memset(object, static_cast<int>(number % 251), kSize); }
bool is_marked(const void* object, std::size_t number) {
  const auto* bytes = static_cast<const unsigned char*>(object);
  for (std::size_t i = 0; i < kSize; ++i)
    if (bytes[i] != number % 251) return false;
  return true;
}

TEST(BlockPool, objects_keep_what_is_theirs_in_any_order) {
  BlockPool pool(kSize);
  SeededRng rng(11);
  std::map<std::size_t, void*> objects;
  for (std::size_t number = 0; number < 20000; ++number) {
    const bool take = objects.empty() || rng.below(100) < (number % 4000 < 2000 ? 70 : 30);
    if (take) {
      void* const object = pool.take();
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(object) % 16, 0u);
      mark(objects[number] = object, number);
      continue;
    }
    const auto at = objects.lower_bound(rng.below(number));
    const auto gone = at == objects.end() ? objects.begin() : at;
    EXPECT_TRUE(is_marked(gone->second, gone->first));
    BlockPool::give_back(gone->second);
    objects.erase(gone);
  }
  for (const auto& [number, object] : objects) {
    EXPECT_TRUE(is_marked(object, number));
    BlockPool::give_back(object);
  }
  EXPECT_LE(pool.blocks(), 1u);
}

TEST(BlockPool, blocks_of_a_burst_go_when_it_is_over) {
  BlockPool pool(kSize);
  std::vector<void*> objects;
  for (int i = 0; i < 4000; ++i) objects.push_back(pool.take());
  const std::size_t most = pool.blocks();
  while (objects.size() > 100) {
    BlockPool::give_back(objects.back());
    objects.pop_back();
  }
  EXPECT_LE(pool.blocks(), most / 20);  // none where objects are on the heap
  for (void* object : objects) BlockPool::give_back(object);
}

TEST(BlockPool, objects_may_outlive_it) {
  std::vector<void*> objects;
  {
    BlockPool pool(kSize);
    for (int i = 0; i < 500; ++i) mark(objects.emplace_back(pool.take()), static_cast<std::size_t>(i));
  }
  for (std::size_t i = 0; i < objects.size(); ++i) {
    EXPECT_TRUE(is_marked(objects[i], i));
    BlockPool::give_back(objects[i]);
  }
}

}  // namespace
}  // namespace sluice::router
