// Many entries, several nodes: how long until all act on a change, and how long a start takes. The figures are printed;
// SLUICE_TEST_APPS and SLUICE_TEST_CHANGES change the numbers of apps and of changes.
#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include <gtest/gtest.h>

#include "logplex/store/places/store_place.hpp"
#include "tests/support/redis_server.hpp"
#include "tests/support/running_shards.hpp"
#include "tests/unit/logplex/store/store_harness.hpp"

namespace sluice {
namespace {

using Clock = std::chrono::steady_clock;

std::size_t wanted(const char* variable, std::size_t usual) {
  const char* text = std::getenv(variable);
  return text == nullptr ? usual : std::strtoull(text, nullptr, 10);
}

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

std::string name_of_app(std::size_t i) { return "app-" + std::to_string(i); }

StoredRows many_apps(std::size_t count) {
  StoredRows rows;
  for (std::size_t i = 0; i < count; ++i) {
    const auto name = name_of_app(i);
    rows.of(EntryKind::kChannel)[name] = encode_entry(Channel{name, {}, {}, {}});
    rows.of(EntryKind::kApp)[name] =
        encode_entry(App{name, {name + ".example.com"}, {{"web.1", "10.0.0.1:5000", 20, 0, 1}}, {}, {}});
  }
  return rows;
}

/// Spins, because the time is what is asked for.
template <class F>
bool soon(F condition) {
  const auto give_up = Clock::now() + std::chrono::seconds(60);
  while (!condition())
    if (Clock::now() > give_up) return false;
  return true;
}

TEST(RedisConvergence, three_nodes_with_many_apps) {
  const std::size_t count = wanted("SLUICE_TEST_APPS", 10'000);
  const std::size_t changes = wanted("SLUICE_TEST_CHANGES", 100);
  const RedisServer server;
  auto filled = Clock::now();
  {
    auto place = open_place(server.url(), PlaceUse::kWrite, {});
    ASSERT_TRUE(place.has_value()) << place.error().text();
    const auto plan = plan_import({}, many_apps(count));
    EXPECT_TRUE(plan.left_out.empty());
    std::size_t parts = 0;
    const auto written = (*place)->write({}, plan, [&parts](std::size_t, std::size_t) { ++parts; });
    ASSERT_TRUE(written.has_value()) << written.error().text();
    EXPECT_EQ(parts, (2 * count + 499) / 500);
    const auto again = (*place)->read();
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(again->size(), 2 * count);
    EXPECT_FALSE(again->loading);
  }
  const double import_time = seconds_since(filled);

  std::vector<TemporaryDirectory> directories(3);
  std::vector<std::unique_ptr<StoreNode>> nodes;
  std::vector<double> starts;
  for (const auto& directory : directories) {
    const auto begin = Clock::now();
    nodes.push_back(std::make_unique<StoreNode>(redis_store(server.url(), directory.path())));
    starts.push_back(seconds_since(begin));
    EXPECT_EQ(nodes.back()->on_shard(0, [](ConfigFeed& feed) { return feed.current().app_count(); }), count);
  }

  std::vector<double> delays;
  for (std::size_t change = 0; change < changes; ++change) {
    const auto name = name_of_app(change * 97 % count);
    const auto domain = "new-" + std::to_string(change) + ".com";
    const auto made = nodes[change % 3]->apply(AddDomain{name, domain});
    ASSERT_TRUE(made.has_value()) << made.error().text();
    const auto answered = Clock::now();
    for (auto& node : nodes)
      ASSERT_TRUE(soon([&] {
        return node->on_shard(1, [&](ConfigFeed& feed) { return feed.current().app_by_host(domain) != nullptr; });
      }));
    delays.push_back(seconds_since(answered));
  }
  std::sort(delays.begin(), delays.end());
  std::printf(
      "apps=%zu import=%.2fs start=%.2fs,%.2fs,%.2fs %zu changes visible on all nodes after the answer: median %.1f "
      "ms, worst %.1f ms\n",
      count, import_time, starts[0], starts[1], starts[2], changes, delays[delays.size() / 2] * 1e3,
      delays.back() * 1e3);
  EXPECT_LT(delays.back(), 1.0);
  for (auto& node : nodes) EXPECT_TRUE(soon([&] { return node->store().status().up_to_date; }));
}

TEST(StoredRowsTest, document_gives_back_what_was_written) {
  auto rows = many_apps(3);
  rows.of(EntryKind::kApp)["kept"] = R"({"v":1,"of a later version":[1,2,{}]})";
  rows.next_drain_id = 17;
  const auto again = parse_document(format_document(rows));
  ASSERT_TRUE(again.has_value()) << again.error().text();
  EXPECT_EQ(again->values, rows.values);
  EXPECT_EQ(again->next_drain_id, 17U);
  for (const char* bad : {"", "{}", "[]", R"({"sluice_configuration":2,"entries":{}})", R"({"sluice_configuration":1})",
                          R"({"sluice_configuration":1,"entries":{"app":[]}})"})
    EXPECT_TRUE(parse_document(bad).has_error()) << bad;
}

TEST(StoredRowsTest, plan_leaves_out_what_does_not_fit) {
  auto incoming = many_apps(2);
  incoming.of(EntryKind::kApp)["bad"] = "{";
  incoming.of(EntryKind::kApp)["thief"] = R"({"domains":["app-0.example.com"]})";
  incoming.of(EntryKind::kDrain)["3"] = R"({"token":"00000000-0000-0001-0000-000000000002","channel":"nowhere"})";
  auto present = many_apps(1);
  const auto plan = plan_import(present, incoming);
  EXPECT_EQ(plan.same, 2U);
  EXPECT_EQ(plan.puts.size(), 2U);
  ASSERT_EQ(plan.left_out.size(), 3U);
  for (const auto& one : plan.left_out) EXPECT_NE(one.reason, "");
}

}  // namespace
}  // namespace sluice
