#include "logplex/model/decide/decide.hpp"

#include <gtest/gtest.h>

#include "logplex/model/config_error.hpp"
#include "logplex/model/decide/snapshot_editor.hpp"

namespace sluice {
namespace {

/// Decides and applies, as a store does.
class DecideTest : public testing::Test {
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
  Drain drain(const std::string& channel, const std::string& url) {
    Drain out;
    out.channel = channel;
    out.token = {1, ++uuids_};
    out.url = Secret(url);
    return out;
  }
  NewToken token(const std::string& name) {
    ++uuids_;
    return {name, {2, uuids_}, uuids_};
  }

  std::uint64_t uuids_ = 0;
  ConfigLimits limits_;
  SlotSequence slots_;
  ChangedKeys changed_;
  ConfigSnapshot config_ = SnapshotEditor::empty(slots_);
};

TEST_F(DecideTest, app_creates_and_adopts_its_channel) {
  ASSERT_TRUE(apply(PutChannel{"shop", {}, {}, {{token("app")}}}).has_value());
  const auto slot = config_.channel("shop")->slot;
  EXPECT_TRUE(apply(PutApp{"shop", {"a.com"}, {}, {}})->created);
  EXPECT_FALSE(apply(PutApp{"shop", {"b.com"}, {}, {}})->created);
  EXPECT_TRUE(apply(PutApp{"blog", {}, {}, {}})->created);
  EXPECT_EQ(config_.app("shop")->channel, slot);
  EXPECT_EQ(config_.channel("shop")->tokens.size(), 1U);
  EXPECT_NE(config_.channel("blog"), nullptr);
  EXPECT_EQ(config_.app_by_host("a.com"), nullptr);
  EXPECT_EQ(config_.app_by_host("b.com"), config_.app("shop"));
}

TEST_F(DecideTest, a_list_of_too_many_tokens_is_refused_before_it_is_looked_at) {
  std::vector<NewToken> many(110'000);
  for (auto& one : many) one = token("not a name");
  EXPECT_EQ(error_of(PutChannel{"shop", {}, {}, many}), ConfigError::kLimit);
  EXPECT_EQ(error_of(CreateChannel{"shop", many}), ConfigError::kLimit);
}

TEST_F(DecideTest, a_channel_keeps_a_bounded_number_of_bytes) {
  ASSERT_TRUE(apply(PutChannel{"shop", {}, {}, {}}).has_value());
  limits_.drains_per_channel = 100;
  std::vector<std::uint64_t> ids;
  error_code last;
  for (int i = 0; i < 100 && !last; ++i) {
    auto one = drain("shop", i % 2 == 0 ? "https://h/" + std::to_string(i) : "");
    one.ca = std::string(100 * 1024, 'c');
    const auto outcome = apply(CreateDrain{one});
    if (outcome.has_value()) ids.push_back(outcome->drain_id);
    if (outcome.has_error()) last = outcome.error().code;
    if (outcome.has_error()) {
      EXPECT_NE(outcome.error().message.find("limits.config_bytes_per_channel"), std::string::npos);
    }
  }
  EXPECT_EQ(last, ConfigError::kLimit);
  EXPECT_EQ(ids.size(), 10U) << "drains without url count too";
  EXPECT_TRUE(apply(PutChannel{"blog", {}, {}, {{token("app")}}}).has_value()) << "other channels see nothing";
  // What is there can be paused, deleted and made smaller, also when the limit was lowered below it.
  limits_.config_bytes_per_channel = 16 * 1024;
  EXPECT_TRUE(apply(SetDrainPaused{"shop", ids[0], true}).has_value());
  EXPECT_TRUE(apply(DeleteDrain{"shop", ids[1]}).has_value());
  auto smaller = drain("shop", "https://h/0");
  smaller.id = ids[0];
  EXPECT_TRUE(apply(PutDrain{smaller}).has_value());
  EXPECT_EQ(error_of(CreateToken{"shop", token("app")}), ConfigError::kLimit);
}

TEST_F(DecideTest, one_entry_has_a_bounded_number_of_bytes) {
  auto large = drain("", "https://h/");
  large.ca = large.client_cert = std::string(256 * 1024, 'c');
  large.client_key = Secret(std::string(256 * 1024, 'c'));
  EXPECT_EQ(error_of(CreateDrain{large}), ConfigError::kLimit);
}

TEST_F(DecideTest, domain_has_one_owner) {
  ASSERT_TRUE(apply(PutApp{"one", {"A.com", "a.com."}, {}, {}}).has_value());
  EXPECT_EQ(config_.app("one")->app.domains, std::vector<std::string>{"a.com"});
  EXPECT_EQ(error_of(PutApp{"two", {"a.COM"}, {}, {}}), ConfigError::kConflict);
  ASSERT_TRUE(apply(PutApp{"two", {}, {}, {}}).has_value());
  EXPECT_EQ(error_of(AddDomain{"two", "a.com"}), ConfigError::kConflict);
  EXPECT_FALSE(apply(AddDomain{"one", "a.com"})->created);
  ASSERT_TRUE(apply(RemoveDomain{"one", "A.com"}).has_value());
  EXPECT_EQ(error_of(RemoveDomain{"one", "a.com"}), ConfigError::kNotFound);
  EXPECT_TRUE(apply(AddDomain{"two", "a.com"})->created);
  ASSERT_TRUE(apply(DeleteApp{"two", false}).has_value());
  EXPECT_EQ(config_.app_by_host("a.com"), nullptr);
}

TEST_F(DecideTest, backends_keep_their_slot_until_their_address_changes) {
  ASSERT_TRUE(apply(PutApp{"one", {}, {{"web.1", "h:1", 20, 0, 1}, {"web.2", "h:2", 20, 0, 1}}, {}}).has_value());
  const auto before = config_.app("one")->backends;
  EXPECT_FALSE(apply(PutBackend{"one", {"web.1", "h:1", 5, 0, 1}})->created);
  EXPECT_EQ(config_.app("one")->backends, before);
  EXPECT_FALSE(apply(PutBackend{"one", {"web.1", "h:9", 5, 0, 1}})->created);
  EXPECT_NE(config_.app("one")->backends[0], before[0]);
  EXPECT_EQ(config_.app("one")->backends[1], before[1]);
  EXPECT_TRUE(apply(PutBackend{"one", {"web.3", "h:3", 20, 0, 1}})->created);
  EXPECT_EQ(error_of(RemoveBackend{"one", "web.9"}), ConfigError::kNotFound);
  ASSERT_TRUE(apply(RemoveBackend{"one", "web.1"}).has_value());
  EXPECT_EQ(config_.app("one")->backends.size(), 2U);
  EXPECT_EQ(error_of(PutBackend{"one", {"web.1", "h", 20, 0, 1}}), ConfigError::kInvalid);
  EXPECT_EQ(error_of(PutBackend{"one", {"web.1", "h:1", 20, 0, 0}}), ConfigError::kInvalid);
  EXPECT_EQ(error_of(PutBackend{"two", {"web.1", "h:1", 20, 0, 1}}), ConfigError::kNotFound);
  EXPECT_EQ(error_of(PutApp{"one", {}, {{"w", "h:1", 1, 0, 1}, {"w", "h:2", 1, 0, 1}}, {}}), ConfigError::kInvalid);
}

TEST_F(DecideTest, features_are_patched_one_by_one) {
  ASSERT_TRUE(apply(PutApp{"one", {}, {}, {}}).has_value());
  ASSERT_TRUE(apply(PatchFeatures{"one", true, {}, {}}).has_value());
  ASSERT_TRUE(apply(PatchFeatures{"one", {}, {}, Balance::kRandom}).has_value());
  EXPECT_TRUE(config_.app("one")->app.features.maintenance);
  EXPECT_EQ(config_.app("one")->app.features.balance, Balance::kRandom);
}

TEST_F(DecideTest, declared_tokens_become_the_set_of_names) {
  ASSERT_TRUE(apply(PutChannel{"c", {}, {}, {{token("app"), token("heroku")}}})->created);
  const auto kept = config_.channel("c")->tokens[0]->token;
  ASSERT_EQ(kept.name, "app");
  ASSERT_TRUE(apply(PutChannel{"c", {}, ChannelFlags{true, false}, {{token("app"), token("new")}}}).has_value());
  const auto& tokens = config_.channel("c")->tokens;
  ASSERT_EQ(tokens.size(), 2U);
  EXPECT_EQ(tokens[0]->token, kept);
  EXPECT_EQ(tokens[1]->token.name, "new");
  ASSERT_TRUE(apply(PutChannel{"c", "label", {}, {}}).has_value());
  EXPECT_EQ(config_.channel("c")->tokens.size(), 2U);
  EXPECT_TRUE(config_.channel("c")->channel.flags.no_tail);
  ASSERT_TRUE(apply(PutChannel{"c", {}, {}, std::vector<NewToken>{}}).has_value());
  EXPECT_TRUE(config_.channel("c")->tokens.empty());
  EXPECT_EQ(config_.token_count(), 0U);
}

TEST_F(DecideTest, tokens_are_unique_and_bounded) {
  limits_.tokens_per_channel = 2;
  EXPECT_EQ(error_of(CreateToken{"c", token("app")}), ConfigError::kNotFound);
  ASSERT_TRUE(apply(PutChannel{"c", {}, {}, {}}).has_value());
  const auto first = token("app");
  ASSERT_TRUE(apply(CreateToken{"c", first}).has_value());
  EXPECT_EQ(error_of(CreateToken{"c", first}), ConfigError::kConflict);
  EXPECT_TRUE(apply(CreateToken{"c", token("app")})->created);
  EXPECT_EQ(error_of(CreateToken{"c", token("app")}), ConfigError::kLimit);
  EXPECT_EQ(error_of(PutChannel{"c", {}, {}, {{token("x"), token("y"), token("z")}}}), ConfigError::kLimit);
  EXPECT_EQ(error_of(RevokeToken{"c", 99}), ConfigError::kNotFound);
  ASSERT_TRUE(apply(RevokeToken{"c", first.id}).has_value());
  EXPECT_EQ(config_.token(first.value), nullptr);
  EXPECT_EQ(error_of(CreateToken{"c", token("a b")}), ConfigError::kInvalid);
}

TEST_F(DecideTest, drain_limits_count_those_with_url) {
  limits_.drains_per_channel = 2;
  ASSERT_TRUE(apply(PutChannel{"c", {}, {}, {}}).has_value());
  EXPECT_EQ(error_of(CreateDrain{drain("x", "https://h/")}), ConfigError::kNotFound);
  const auto reserved = apply(CreateDrain{drain("c", "")});
  ASSERT_TRUE(reserved.has_value());
  ASSERT_TRUE(apply(CreateDrain{drain("c", "https://h/1")}).has_value());
  EXPECT_EQ(error_of(CreateDrain{drain("c", "https://h/1")}), ConfigError::kConflict);
  ASSERT_TRUE(apply(CreateDrain{drain("c", "https://h/2")}).has_value());
  EXPECT_EQ(error_of(CreateDrain{drain("c", "https://h/3")}), ConfigError::kLimit);
  auto use = drain("c", "https://h/3");
  use.id = reserved->drain_id;
  EXPECT_EQ(error_of(PutDrain{use}), ConfigError::kLimit);
  ASSERT_TRUE(apply(CreateDrain{drain("", "https://h/1")}).has_value());
  EXPECT_EQ(config_.global_drains().size(), 1U);
}

TEST_F(DecideTest, drain_keeps_token_and_pause_when_replaced) {
  ASSERT_TRUE(apply(PutChannel{"c", {}, {}, {}}).has_value());
  const auto id = apply(CreateDrain{drain("c", "https://h/1")})->drain_id;
  const auto token = config_.drain(id)->drain.token;
  ASSERT_TRUE(apply(SetDrainPaused{"c", id, true}).has_value());
  EXPECT_LT(config_.drain(id)->changed_at, config_.revision());
  auto next = drain("c", "https://h/1");
  next.id = id;
  next.filter = "source=app";
  ASSERT_TRUE(apply(PutDrain{next}).has_value());
  EXPECT_EQ(config_.drain(id)->changed_at, config_.revision());
  EXPECT_EQ(config_.drain(id)->drain.token, token);
  EXPECT_TRUE(config_.drain(id)->drain.paused);
  EXPECT_EQ(config_.drain("c", token_text('d', token)), config_.drain(id));
  EXPECT_EQ(config_.drain("c", std::to_string(id)), config_.drain(id));
  EXPECT_EQ(config_.drain("", std::to_string(id)), nullptr);
  EXPECT_EQ(error_of(DeleteDrain{"", id}), ConfigError::kNotFound);
  ASSERT_TRUE(apply(DeleteDrain{"c", id}).has_value());
  EXPECT_EQ(config_.drain(id), nullptr);
  EXPECT_NE(apply(CreateDrain{drain("c", "https://h/1")})->drain_id, id);
}

TEST_F(DecideTest, drain_values_are_checked_without_being_quoted) {
  ASSERT_TRUE(apply(PutChannel{"c", {}, {}, {}}).has_value());
  std::vector<Drain> bad;
  for (const auto* url : {"hunter2", "://hunter2", "https://", "https://hun ter2", "https://hunter2\n"})
    bad.push_back(drain("c", url));
  bad.push_back(drain("c", "https://hunter2/" + std::string(8192, 'a')));
  bad.push_back(drain("c", "https://h/"));
  bad.back().headers = {{"X", Secret("hunter2\r\nY: z")}};
  bad.push_back(drain("c", "https://h/"));
  bad.back().headers = {{"X Y", Secret("hunter2")}};
  bad.push_back(drain("c", "https://h/"));
  bad.back().secret = Secret(std::string(9000, 'a') + "hunter2");
  for (const auto& one : bad) {
    const auto outcome = apply(CreateDrain{one});
    ASSERT_TRUE(outcome.has_error());
    EXPECT_EQ(outcome.error().code, ConfigError::kInvalid);
    EXPECT_EQ(outcome.error().message.find("hunter2"), std::string::npos) << outcome.error().message;
  }
}

TEST_F(DecideTest, deleting_takes_along_what_hangs_on_it) {
  ASSERT_TRUE(apply(PutApp{"one", {"a.com"}, {}, {}}).has_value());
  const auto written = token("app");
  ASSERT_TRUE(apply(CreateToken{"one", written}).has_value());
  const auto id = apply(CreateDrain{drain("one", "https://h/")})->drain_id;
  ASSERT_TRUE(apply(DeleteApp{"one", true}).has_value());
  EXPECT_NE(config_.token(written.value), nullptr);
  ASSERT_TRUE(apply(PutApp{"one", {}, {}, {}}).has_value());
  ASSERT_TRUE(apply(DeleteApp{"one", false}).has_value());
  EXPECT_EQ(config_.channel("one"), nullptr);
  EXPECT_EQ(config_.token(written.value), nullptr);
  EXPECT_EQ(config_.drain(id), nullptr);
  EXPECT_EQ(error_of(DeleteApp{"one", false}), ConfigError::kNotFound);
}

TEST_F(DecideTest, app_without_channel_logs_to_the_router_channel) {
  ASSERT_TRUE(apply(PutApp{"one", {"a.com"}, {}, {}}).has_value());
  const auto slot = config_.app("one")->slot;
  ASSERT_TRUE(apply(DeleteChannel{"one"}).has_value());
  EXPECT_EQ(config_.app_by_host("a.com")->channel, config_.router_channel().slot);
  ASSERT_TRUE(apply(PutChannel{"one", {}, {}, {}}).has_value());
  EXPECT_EQ(config_.app_by_host("a.com")->channel, config_.channel("one")->slot);
  EXPECT_EQ(config_.app("one")->slot, slot);
  EXPECT_EQ(error_of(DeleteChannel{"_router"}), ConfigError::kConflict);
  EXPECT_EQ(error_of(PutApp{"_router", {}, {}, {}}), ConfigError::kInvalid);
}

TEST_F(DecideTest, numbered_channels_never_meet_chosen_ones) {
  ASSERT_TRUE(apply(PutChannel{"41", {}, {}, {}}).has_value());
  const auto made = apply(CreateChannel{"name", {token("app")}});
  EXPECT_EQ(made->channel_id, "42");
  ASSERT_TRUE(apply(DeleteChannel{"42"}).has_value());
  EXPECT_EQ(apply(CreateChannel{"", {}})->channel_id, "43");
  ASSERT_TRUE(apply(PutChannel{"18446744073709551614", {}, {}, {}}).has_value());
  EXPECT_EQ(apply(CreateChannel{"", {}})->channel_id, "44");
}

TEST_F(DecideTest, sessions_and_keys_end) {
  const auto at = [](int seconds) { return WallTime(std::chrono::seconds(seconds)); };
  EXPECT_EQ(error_of(CreateSession{{{1, 1}, "c", "{}", at(10), {}}}), ConfigError::kNotFound);
  ASSERT_TRUE(apply(PutChannel{"c", {}, {}, {}}).has_value());
  ASSERT_TRUE(apply(CreateSession{{{1, 1}, "c", "{}", at(10), {}}}).has_value());
  ASSERT_TRUE(apply(CreateSession{{{1, 2}, "c", "{}", at(20), {}}}).has_value());
  ApiKey key{"k", "name", KeyHash{1}, {}, {}, at(10), {}, {}};
  EXPECT_EQ(error_of(CreateKey{key}), ConfigError::kInvalid);
  key.scopes.add(Scope::kAdmin);
  ASSERT_TRUE(apply(CreateKey{key}).has_value());
  EXPECT_EQ(error_of(CreateKey{key}), ConfigError::kConflict);
  EXPECT_EQ(config_.key_by_hash(KeyHash{1}), config_.key("k"));
  EXPECT_TRUE(config_.key("k")->scopes.has(Scope::kLogsRead));
  ASSERT_TRUE(apply(RemoveExpired{at(10)}).has_value());
  EXPECT_EQ(config_.session({1, 1}), nullptr);
  EXPECT_NE(config_.session({1, 2}), nullptr);
  EXPECT_EQ(config_.key_by_hash(KeyHash{1}), nullptr);
}

TEST_F(DecideTest, credentials_are_replaced_and_removed) {
  EXPECT_TRUE(apply(PutCredential{{"id", "n", {}, true, false, {}}})->created);
  EXPECT_FALSE(apply(PutCredential{{"id", "n", {}, false, true, {}}})->created);
  EXPECT_TRUE(config_.credential("id")->any_channel);
  ASSERT_TRUE(apply(DeleteCredential{"id"}).has_value());
  EXPECT_EQ(error_of(DeleteCredential{"id"}), ConfigError::kNotFound);
}

TEST_F(DecideTest, hosts_match_exactly_then_by_longest_wildcard) {
  ASSERT_TRUE(apply(PutApp{"exact", {"www.example.com"}, {}, {}}).has_value());
  ASSERT_TRUE(apply(PutApp{"wide", {"*.example.com"}, {}, {}}).has_value());
  ASSERT_TRUE(apply(PutApp{"narrow", {"*.eu.example.com"}, {}, {}}).has_value());
  const auto owner = [this](std::string_view host) {
    const auto* app = config_.app_by_host(host);
    return app == nullptr ? std::string() : app->app.name;
  };
  EXPECT_EQ(owner("www.example.com"), "exact");
  EXPECT_EQ(owner("WWW.EXAMPLE.COM."), "exact");
  EXPECT_EQ(owner("a.example.com"), "wide");
  EXPECT_EQ(owner("a.b.example.com"), "wide");
  EXPECT_EQ(owner("a.eu.example.com"), "narrow");
  EXPECT_EQ(owner("eu.example.com"), "wide");
  EXPECT_EQ(owner("example.com"), "");
  EXPECT_EQ(owner("xexample.com"), "");
  EXPECT_EQ(owner("*.example.com"), "wide");
  for (const auto* host : {"", ".", "..", "com"}) EXPECT_EQ(owner(host), "") << host;
  EXPECT_EQ(owner(std::string(300, 'a') + ".example.com"), "");
}

TEST_F(DecideTest, changed_keys_name_both_lives_of_a_slot) {
  ASSERT_TRUE(apply(PutApp{"one", {}, {}, {}}).has_value());
  const auto first = config_.app("one")->slot;
  changed_ = {};
  ASSERT_TRUE(apply(DeleteApp{"one", false}).has_value());
  ASSERT_TRUE(apply(PutApp{"one", {}, {}, {}}).has_value());
  const auto second = config_.app("one")->slot;
  EXPECT_NE(first, second);
  ASSERT_GE(changed_.apps.size(), 2U);
  EXPECT_EQ(changed_.apps.front().slot, first);
  EXPECT_EQ(changed_.apps.back().slot, second);
}

TEST_F(DecideTest, listings_are_paged_in_order) {
  for (const auto* name : {"d", "a", "c", "b"}) ASSERT_TRUE(apply(PutApp{name, {}, {}, {}}).has_value());
  const auto first = config_.apps("", 3);
  ASSERT_EQ(first.items.size(), 3U);
  EXPECT_EQ(first.items[0]->app.name, "a");
  EXPECT_EQ(first.next, "c");
  const auto second = config_.apps(first.next, 3);
  ASSERT_EQ(second.items.size(), 1U);
  EXPECT_EQ(second.items[0]->app.name, "d");
  EXPECT_EQ(second.next, "");
  EXPECT_EQ(config_.channels("", 10).items.size(), 5U);
}

}  // namespace
}  // namespace sluice
