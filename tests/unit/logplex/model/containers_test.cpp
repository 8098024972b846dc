#include <map>
#include <string>

#include <gtest/gtest.h>

#include "logplex/base/rng.hpp"
#include "logplex/model/bucket_map.hpp"
#include "logplex/model/sorted_pages.hpp"

namespace sluice {
namespace {

struct Pair {
  std::string key;
  int value = 0;
};
struct PairKey {
  std::string_view operator()(const Pair& pair) const { return pair.key; }
};
auto same(const std::string& key) {
  return [key](const Pair& pair) { return pair.key == key; };
}
// Few hashes, so that buckets and tags collide.
std::uint64_t poor_hash(const std::string& key) { return (std::hash<std::string>()(key) % 37) << 50; }

using Model = std::map<std::string, int>;

void expect_same(const BucketMap<Pair>& map, const SortedPages<Pair, PairKey>& pages, const Model& model) {
  ASSERT_EQ(map.size(), model.size());
  std::size_t visited = 0;
  map.for_each([&](const Pair& pair) {
    ++visited;
    const auto found = model.find(pair.key);
    EXPECT_TRUE(found != model.end() && found->second == pair.value) << pair.key;
  });
  EXPECT_EQ(visited, model.size());
  std::string cursor;
  auto expected = model.begin();
  for (auto page = pages.after(cursor, 7); !page.empty(); page = pages.after(cursor, 7)) {
    for (const auto* pair : page) {
      ASSERT_NE(expected, model.end());
      EXPECT_EQ(pair->key, expected->first);
      EXPECT_EQ(pair->value, expected->second);
      ++expected;
    }
    cursor = page.back()->key;
  }
  EXPECT_EQ(expected, model.end());
}

TEST(BucketMap, copies_keep_what_they_had_under_random_changes) {
  SeededRng rng(7);
  BucketMap<Pair> map;
  SortedPages<Pair, PairKey> pages;
  Model model;
  struct Copy {
    BucketMap<Pair> map;
    SortedPages<Pair, PairKey> pages;
    Model model;
  };
  std::vector<Copy> copies;
  for (int step = 0; step < 20'000; ++step) {
    const std::string key = "k" + std::to_string(rng.below(2000));
    if (rng.below(5) < 3) {
      const auto pair = std::make_shared<const Pair>(Pair{key, step});
      map.put(poor_hash(key), pair, same(key));
      pages.put(pair);
      model[key] = step;
    } else {
      EXPECT_EQ(map.erase(poor_hash(key), same(key)), model.erase(key) == 1);
      pages.erase(key);
    }
    if (step % 2500 == 0) copies.push_back({map, pages, model});
  }
  expect_same(map, pages, model);
  for (const auto& copy : copies) expect_same(copy.map, copy.pages, copy.model);
}

TEST(BucketMap, find_tells_absent_from_present) {
  BucketMap<Pair> map;
  EXPECT_EQ(map.find(1, same("a")), nullptr);
  map.put(1, std::make_shared<const Pair>(Pair{"a", 1}), same("a"));
  ASSERT_NE(map.find(1, same("a")), nullptr);
  EXPECT_EQ((*map.find(1, same("a")))->value, 1);
  EXPECT_EQ(map.find(1, same("b")), nullptr);
}

}  // namespace
}  // namespace sluice
