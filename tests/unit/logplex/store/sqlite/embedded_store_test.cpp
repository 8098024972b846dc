#include <gtest/gtest.h>

#include "logplex/model/config_error.hpp"
#include "tests/unit/logplex/store/store_harness.hpp"

namespace sluice {
namespace {

TEST(EmbeddedStore, change_is_seen_by_every_shard_when_answered) {
  TemporaryDirectory directory;
  StoreNode node(embedded_in(directory.path()));
  for (int i = 0; i < 50; ++i) {
    const std::string name = "app-" + std::to_string(i);
    const auto applied = node.apply(PutApp{name, {name + ".example.com"}, {}, {}}, static_cast<std::uint32_t>(i) % 3);
    ASSERT_TRUE(applied.has_value()) << applied.error().text();
    EXPECT_TRUE(applied->created);
    for (std::uint32_t shard = 0; shard < StoreNode::kShards; ++shard) {
      const bool routed = node.on_shard(shard, [&](ConfigFeed& feed) {
        const auto* app = feed.current().app_by_host("APP-" + std::to_string(i) + ".example.com.");
        return app != nullptr && app->app.name == name && app->channel == feed.current().channel(name)->slot;
      });
      EXPECT_TRUE(routed) << shard;
    }
  }
}

TEST(EmbeddedStore, reopened_store_has_what_was_answered) {
  TemporaryDirectory directory;
  {
    StoreNode node(embedded_in(directory.path()));
    ASSERT_TRUE(node.apply(PutChannel{"c", "name", {}, {}}).has_value());
    ASSERT_TRUE(node.apply(CreateToken{"c", {"app", Uuid{1, 2}, 3}}).has_value());
  }
  StoreNode node(embedded_in(directory.path()));
  EXPECT_EQ(node.store().status().revision, 2U);
  node.on_shard(1, [](ConfigFeed& feed) {
    const auto* token = feed.current().token(Uuid{1, 2});
    EXPECT_TRUE(token != nullptr && token->source() == "app");
    EXPECT_TRUE(token != nullptr && token->channel == feed.current().channel("c")->slot);
    return true;
  });
}

}  // namespace
}  // namespace sluice
