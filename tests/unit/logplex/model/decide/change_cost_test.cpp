#include "logplex/model/decide/change_cost.hpp"

#include <gtest/gtest.h>

#include "logplex/model/acceptable.hpp"
#include "logplex/model/decide/snapshot_editor.hpp"

namespace sluice {
namespace {

/// A configuration with a large app and drain, and a key that waits for the channel "later".
class ChangeCostTest : public testing::Test {
 protected:
  ChangeCostTest() {
    SnapshotEditor editor(config_, slots_, changed_);
    editor.set_revision(1);
    for (Entry entry : {Entry(app()), Entry(Channel{"shop", {}, {}, {}, 1}), Entry(drain()), Entry(key())})
      editor.apply({kind_of(entry), key_of(entry), std::move(entry)});
  }

  static App app() {
    App app;
    app.name = "shop";
    for (int i = 0; i < 100; ++i) app.domains.push_back("d" + std::to_string(i) + ".example.com");
    return app;
  }
  static Drain drain() {
    Drain drain;
    drain.id = 7;
    drain.channel = "shop";
    drain.url = Secret("http://example.com/");
    drain.ca = std::string(100'000, 'c');
    return drain;
  }
  static ApiKey key() {
    ApiKey key;
    key.id = "k";
    key.scopes.add(Scope::kAdmin);
    key.channels.emplace();
    for (int i = 0; i < 100; ++i) key.channels->push_back({"a" + std::to_string(100 + i), std::nullopt});
    key.channels->push_back({"later", std::nullopt});
    return key;
  }
  std::size_t cost(const Change& change) const { return cost_of(change, config_); }

  SlotSequence slots_;
  ChangedKeys changed_;
  ConfigSnapshot config_ = SnapshotEditor::empty(slots_);
};

TEST_F(ChangeCostTest, each_entry_counts) {
  EXPECT_EQ(cost(RevokeToken{"shop", 1}), kCostOfAnEntry);
  PutChannel put{"shop", {}, {}, {}, 0};
  EXPECT_EQ(cost(put), kCostOfAnEntry);
  put.tokens.emplace(20);
  EXPECT_EQ(cost(put), 21 * kCostOfAnEntry);
  CreateChannel create;
  create.tokens.resize(3);
  EXPECT_EQ(cost(create), 4 * kCostOfAnEntry);
}

TEST_F(ChangeCostTest, what_is_written_anew_counts_with_its_size) {
  for (const Change& change : {Change(AddDomain{"shop", "x.test"}), Change(RemoveDomain{"shop", "x.test"}),
                               Change(PatchFeatures{"shop", {}, {}, {}}), Change(PutBackend{"shop", {}}),
                               Change(RemoveBackend{"shop", "web.1"})})
    EXPECT_EQ(cost(change), kCostOfAnEntry + stored_bytes(app()));
  EXPECT_GT(cost(SetDrainPaused{"shop", 7, true}), 100'000U);
  EXPECT_EQ(cost(SetDrainPaused{"shop", 8, true}), kCostOfAnEntry) << "there is none";
}

TEST_F(ChangeCostTest, what_removes_a_channel_is_large) {
  EXPECT_GE(cost(DeleteChannel{"shop"}), kCostOfAChannel);
  EXPECT_GE(cost(DeleteApp{"shop", false}), kCostOfAChannel);
  EXPECT_EQ(cost(DeleteApp{"shop", true}), kCostOfAnEntry);
}

TEST_F(ChangeCostTest, keys_that_wait_for_a_channel_count_when_it_is_made) {
  const auto key_too = 2 * kCostOfAnEntry + stored_bytes(Entry(key()));
  EXPECT_EQ(cost(PutChannel{"later", {}, {}, {}, 0}), key_too);
  PutApp app;
  app.name = "later";
  EXPECT_EQ(cost(app), kCostOfAnEntry + key_too);
}

}  // namespace
}  // namespace sluice
