#include <gtest/gtest.h>

#include "logplex/model/config_error.hpp"
#include "logplex/model/decide/decide.hpp"
#include "logplex/model/decide/domain_rules.hpp"
#include "logplex/model/decide/snapshot_editor.hpp"
#include "logplex/model/principal.hpp"

namespace sluice {
namespace {

class AccessTest : public testing::Test {
 protected:
  result<Applied, Error> apply(const Change& change) {
    auto effects = decide(config_, change, limits_);
    if (effects.has_error()) return effects.error();
    SnapshotEditor editor(config_, slots_, changed_);
    editor.set_revision(config_.revision() + 1);
    for (const auto& effect : effects->list) editor.apply(effect);
    return effects->applied;
  }
  error_code error_of(const Change& change) {
    const auto outcome = apply(change);
    return outcome.has_error() ? outcome.error().code : error_code();
  }
  void make_channel(const std::string& id) { ASSERT_TRUE(apply(PutChannel{id, {}, {}, {}, ++incarnations_})); }
  ApiKey key(const std::string& id, std::vector<std::string> channels, Scope scope = Scope::kAdmin) {
    ApiKey out;
    out.id = id;
    out.hash[0] = static_cast<std::uint8_t>(++hashes_);
    out.scopes.add(scope);
    out.channels.emplace();
    for (auto& channel : channels) out.channels->push_back({channel, std::nullopt});
    return out;
  }
  ApiKey unlimited(const std::string& id, Scope scope = Scope::kAdmin) {
    auto out = key(id, {}, scope);
    out.channels.reset();
    return out;
  }
  bool opens(const std::string& id, const std::string& channel) { return may_use(*config_.key(id), config_, channel); }
  error_code taken(const std::string& app, const std::string& domain, DomainRights rights = DomainRights::kUnshared) {
    return error_of(AddDomain{app, domain, rights});
  }

  std::uint64_t incarnations_ = 0;
  int hashes_ = 0;
  ConfigLimits limits_;
  SlotSequence slots_;
  ChangedKeys changed_;
  ConfigSnapshot config_ = SnapshotEditor::empty(slots_);
};

TEST_F(AccessTest, read_scopes_come_with_write_scopes_and_admin_has_all) {
  Scopes apps;
  apps.add(Scope::kAppsWrite);
  EXPECT_TRUE(apps.has(Scope::kAppsRead));
  EXPECT_FALSE(apps.has(Scope::kDrainsRead));
  Scopes admin;
  admin.add(Scope::kAdmin);
  EXPECT_TRUE(admin.has(Scope::kAppsRead));
  EXPECT_TRUE(admin.cover(apps));
  EXPECT_FALSE(apps.cover(admin));
  EXPECT_EQ(parse_scope("apps:read"), Scope::kAppsRead);
}

TEST_F(AccessTest, key_makes_only_a_part_of_itself) {
  make_channel("mine");
  make_channel("other");
  auto limited = key("limited", {"mine"});
  limited.expires = WallTime(std::chrono::hours(10));
  ASSERT_TRUE(apply(CreateKey{limited, {}}));
  const auto make = [&](ApiKey made) { return error_of(CreateKey{std::move(made), "limited"}); };
  auto part = key("part", {"mine"}, Scope::kLogsRead);
  EXPECT_EQ(make(part), ConfigError::kForbidden) << "never ends";
  part.expires = WallTime(std::chrono::hours(11));
  EXPECT_EQ(make(part), ConfigError::kForbidden) << "ends later";
  part.expires = limited.expires;
  EXPECT_EQ(make(part), error_code());
  auto wide = unlimited("wide");
  wide.expires = limited.expires;
  EXPECT_EQ(make(wide), ConfigError::kForbidden);
  auto foreign = key("foreign", {"mine", "other"});
  foreign.expires = limited.expires;
  EXPECT_EQ(make(foreign), ConfigError::kForbidden);
  auto future = key("future", {"not-there"});
  future.expires = limited.expires;
  EXPECT_EQ(make(future), ConfigError::kForbidden);
  auto nothing = key("nothing", {});
  nothing.expires = limited.expires;
  EXPECT_EQ(make(nothing), error_code());
}

TEST_F(AccessTest, key_without_admin_in_its_scopes_gives_none) {
  ASSERT_TRUE(apply(CreateKey{unlimited("writer", Scope::kDrainsWrite), {}}));
  EXPECT_EQ(error_of(CreateKey{unlimited("a", Scope::kDrainsRead), "writer"}), error_code());
  EXPECT_EQ(error_of(CreateKey{unlimited("b", Scope::kLogsRead), "writer"}), ConfigError::kForbidden);
  EXPECT_EQ(error_of(CreateKey{unlimited("c", Scope::kAdmin), "writer"}), ConfigError::kForbidden);
}

TEST_F(AccessTest, key_deletes_only_what_it_could_have_made) {
  make_channel("mine");
  make_channel("other");
  ASSERT_TRUE(apply(CreateKey{key("limited", {"mine"}), {}}));
  ASSERT_TRUE(apply(CreateKey{key("part", {"mine"}, Scope::kLogsRead), {}}));
  ASSERT_TRUE(apply(CreateKey{key("other", {"other"}, Scope::kLogsRead), {}}));
  ASSERT_TRUE(apply(CreateKey{key("empty", {}, Scope::kLogsRead), {}}));
  ASSERT_TRUE(apply(CreateKey{unlimited("all"), {}}));
  for (const char* id : {"other", "empty", "all", "nowhere"})
    EXPECT_EQ(error_of(DeleteKey{id, "limited"}), ConfigError::kNotFound) << id;
  EXPECT_EQ(error_of(DeleteKey{"part", "limited"}), error_code());
  EXPECT_EQ(error_of(DeleteKey{"empty", {}}), error_code());
}

TEST_F(AccessTest, key_is_bound_to_the_incarnation_of_its_channel) {
  make_channel("c");
  ASSERT_TRUE(apply(CreateKey{key("k", {"c"}), {}}));
  EXPECT_TRUE(opens("k", "c"));
  EXPECT_FALSE(opens("k", "d"));
  ASSERT_TRUE(apply(DeleteChannel{"c"}));
  EXPECT_FALSE(opens("k", "c")) << "must not take the name again";
  make_channel("c");
  EXPECT_FALSE(opens("k", "c"));
  ASSERT_TRUE(apply(CreateKey{key("anew", {"c"}), {}}));
  EXPECT_TRUE(opens("anew", "c"));
}

TEST_F(AccessTest, key_that_waits_for_a_channel_is_bound_to_the_first) {
  ASSERT_TRUE(apply(CreateKey{key("k", {"app"}), {}}));
  EXPECT_TRUE(opens("k", "app")) << "may make it";
  ASSERT_TRUE(apply(PutApp{"app", {}, {}, {}, DomainRights::kAny, 71}));
  EXPECT_TRUE(opens("k", "app"));
  EXPECT_EQ(config_.key("k")->channels, (KeyChannels{{"app", 71}}));
  ASSERT_TRUE(apply(DeleteApp{"app", false}));
  ASSERT_TRUE(apply(PutApp{"app", {}, {}, {}, DomainRights::kAny, 72}));
  EXPECT_FALSE(opens("k", "app"));
}

TEST_F(AccessTest, keys_of_earlier_versions_keep_their_channels_and_lose_them_with_these) {
  ASSERT_TRUE(apply(PutChannel{"old", {}, {}, {}, 0}));
  auto stored = key("k", {});
  stored.channels = KeyChannels{{"gone", 0}, {"old", 0}};
  stored.old_entry = true;
  SnapshotEditor(config_, slots_, changed_).apply({EntryKind::kApiKey, "k", stored});
  EXPECT_TRUE(opens("k", "old"));
  EXPECT_TRUE(apply(RewriteOldKey{})->created);
  EXPECT_FALSE(apply(RewriteOldKey{})->created);
  EXPECT_TRUE(opens("k", "old"));
  EXPECT_TRUE(opens("k", "gone"));
  make_channel("gone");
  EXPECT_TRUE(opens("k", "gone"));
  ASSERT_TRUE(apply(DeleteChannel{"old"}));
  make_channel("old");
  EXPECT_FALSE(opens("k", "old"));
}

TEST_F(AccessTest, limited_keys_leave_room_for_others) {
  limits_.limited_keys_per_channel = 3;
  make_channel("c");
  ASSERT_TRUE(apply(CreateKey{key("maker", {"c"}), {}}));
  EXPECT_EQ(error_of(CreateKey{key("a", {"c"}), "maker"}), error_code());
  EXPECT_EQ(error_of(CreateKey{key("b", {"c"}), "maker"}), error_code());
  EXPECT_EQ(error_of(CreateKey{key("d", {"c"}), "maker"}), ConfigError::kLimit);
  EXPECT_EQ(error_of(CreateKey{key("e", {"c"}), {}}), error_code());
  limits_.waiting_keys_per_channel = 1;
  EXPECT_EQ(error_of(CreateKey{key("f", {"later"}), {}}), error_code());
  EXPECT_EQ(error_of(CreateKey{key("g", {"later"}), {}}), ConfigError::kLimit);
}

TEST_F(AccessTest, keys_without_channels_are_few_and_their_makers_to_manage) {
  limits_.limited_keys_per_channel = 2;
  make_channel("c");
  for (const char* tenant : {"one", "other"}) ASSERT_TRUE(apply(CreateKey{key(tenant, {"c"}), {}}));
  EXPECT_EQ(error_of(CreateKey{key("a", {}), "one"}), error_code());
  EXPECT_EQ(error_of(CreateKey{key("b", {}), "a"}), error_code()) << "a key of a key";
  EXPECT_EQ(error_of(CreateKey{key("d", {}), "one"}), ConfigError::kLimit);
  EXPECT_EQ(error_of(CreateKey{key("d", {}), "other"}), error_code());
  EXPECT_EQ(error_of(DeleteKey{"b", "other"}), ConfigError::kNotFound);
  EXPECT_EQ(error_of(DeleteKey{"b", "one"}), error_code());
  EXPECT_EQ(error_of(CreateKey{key("e", {}), "one"}), error_code());
}

TEST_F(AccessTest, foreign_channels_are_refused_before_they_are_looked_at) {
  limits_.waiting_keys_per_channel = 1;
  make_channel("mine");
  ASSERT_TRUE(apply(CreateKey{key("limited", {"mine"}), {}}));
  ASSERT_TRUE(apply(CreateKey{key("waits", {"foreign"}), {}}));
  EXPECT_EQ(error_of(CreateKey{key("a", {"foreign"}), "limited"}), ConfigError::kForbidden);
  EXPECT_EQ(error_of(CreateKey{key("a", {"mine", "foreign"}), "limited"}), ConfigError::kForbidden);
  EXPECT_EQ(error_of(CreateKey{key("a", {"foreign"}), "nobody"}), ConfigError::kForbidden);
}

TEST_F(AccessTest, keys_that_wait_for_a_channel_name_few_channels_in_all) {
  limits_.waiting_channels = 5;
  ASSERT_TRUE(apply(CreateKey{key("a", {"x", "y", "z"}), {}}));
  EXPECT_EQ(error_of(CreateKey{key("b", {"x", "v", "w"}), {}}), ConfigError::kLimit);
  EXPECT_EQ(error_of(CreateKey{key("b", {"x", "w"}), {}}), error_code());
  EXPECT_EQ(error_of(CreateKey{key("d", {"y"}), {}}), error_code());
}

TEST_F(AccessTest, limited_key_has_one_share_with_the_keys_it_makes) {
  make_channel("c");
  ASSERT_TRUE(apply(CreateKey{unlimited("operator"), {}}));
  ASSERT_TRUE(apply(CreateKey{unlimited("other_operator"), "operator"}));
  ASSERT_TRUE(apply(CreateKey{key("tenant", {"c"}), "operator"}));
  ASSERT_TRUE(apply(CreateKey{key("child", {"c"}), "tenant"}));
  ASSERT_TRUE(apply(CreateKey{key("grandchild", {"c"}), "child"}));
  ASSERT_TRUE(apply(CreateKey{key("opens_nothing", {}), "grandchild"}));
  const auto sharer = [this](const char* id) { return config_.key(id)->sharer(); };
  for (const char* own : {"operator", "other_operator", "tenant"}) EXPECT_EQ(sharer(own), own);
  for (const char* made : {"child", "grandchild", "opens_nothing"}) EXPECT_EQ(sharer(made), "tenant");
  ASSERT_TRUE(apply(DeleteKey{"tenant", {}}));
  ASSERT_TRUE(apply(CreateKey{key("late", {"c"}), "child"}));
  EXPECT_EQ(sharer("late"), "tenant") << "also when that one is gone";
  auto liar = key("liar", {"c"});
  liar.root = "somebody";
  ASSERT_TRUE(apply(CreateKey{liar, "child"}));
  EXPECT_EQ(sharer("liar"), "tenant");
}

TEST_F(AccessTest, writing_lines_needs_the_scope_and_the_channel) {
  make_channel("c");
  ASSERT_TRUE(apply(CreateKey{key("writer", {"c"}, Scope::kLogsWrite), {}}));
  ASSERT_TRUE(apply(CreateKey{key("reader", {"c"}, Scope::kLogsRead), {}}));
  ASSERT_TRUE(apply(CreateKey{unlimited("all", Scope::kLogsWrite), {}}));
  EXPECT_TRUE(may_write(*config_.key("writer"), config_, "c"));
  EXPECT_FALSE(may_write(*config_.key("reader"), config_, "c"));
  EXPECT_TRUE(may_write(*config_.key("all"), config_, "c"));
  EXPECT_FALSE(may_write(*config_.key("all"), config_, "not-there"));
}

TEST_F(AccessTest, sealing_key_is_made_once_and_nobody_replaces_it) {
  ASSERT_TRUE(apply(CreateSealingKey{Secret("one")}));
  ASSERT_TRUE(apply(CreateSealingKey{Secret("two")}));
  EXPECT_EQ(config_.credential(kSealingCredential)->seal.reveal(), "one");
  Credential credential;
  credential.id = kSealingCredential;
  EXPECT_EQ(error_of(PutCredential{credential}), ConfigError::kConflict);
}

TEST_F(AccessTest, limited_keys_take_no_domain_below_the_wildcard_of_another_app) {
  ASSERT_TRUE(apply(PutApp{"shop", {"*.shop.example.com"}, {}, {}}));
  ASSERT_TRUE(apply(PutApp{"mine", {}, {}, {}}));
  for (const char* domain : {"login.shop.example.com", "a.b.shop.example.com", "*.eu.shop.example.com"})
    EXPECT_EQ(taken("mine", domain), ConfigError::kForbidden) << domain;
  for (const char* domain : {"shop.example.com", "myshop.example.com", "*.mine.example.com"})
    EXPECT_EQ(taken("mine", domain), error_code()) << domain;
  EXPECT_EQ(taken("shop", "login.shop.example.com"), error_code());
  EXPECT_EQ(taken("mine", "other.shop.example.com", DomainRights::kAny), error_code());
  EXPECT_EQ(taken("mine", "other.shop.example.com"), error_code()) << "what it has it keeps";
}

TEST_F(AccessTest, limited_keys_take_no_wildcard_above_the_domain_of_another_app) {
  ASSERT_TRUE(apply(PutApp{"shop", {"login.shop.example.com"}, {}, {}}));
  std::vector<std::string> own;
  for (int i = 0; i < 200; ++i) own.push_back("a" + std::to_string(i) + ".shop.example.com");
  ASSERT_TRUE(apply(PutApp{"mine", own, {}, {}}));
  EXPECT_EQ(taken("mine", "*.shop.example.com"), ConfigError::kForbidden);
  EXPECT_EQ(taken("mine", "*.example.com"), ConfigError::kForbidden);
  EXPECT_EQ(taken("mine", "*.a7.shop.example.com"), error_code());
  EXPECT_EQ(taken("mine", "*.hop.example.com"), error_code());
  ASSERT_TRUE(apply(DeleteApp{"shop", false}));
  EXPECT_EQ(taken("mine", "*.shop.example.com"), error_code());
}

TEST_F(AccessTest, wildcards_of_public_suffixes_are_for_unlimited_keys_and_of_one_label_for_nobody) {
  ASSERT_TRUE(apply(PutApp{"mine", {}, {}, {}}));
  for (const char* domain : {"*.co.uk", "*.github.io", "*.example.ck"})
    EXPECT_EQ(taken("mine", domain), ConfigError::kForbidden) << domain;
  EXPECT_EQ(taken("mine", "*.co.uk", DomainRights::kAny), error_code());
  for (const char* domain : {"*.com", "*.internal"})
    EXPECT_EQ(taken("mine", domain, DomainRights::kAny), ConfigError::kInvalid) << domain;
}

}  // namespace
}  // namespace sluice
