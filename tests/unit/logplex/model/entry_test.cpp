#include "logplex/model/entry.hpp"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include "logplex/model/config_error.hpp"

namespace sluice {
namespace {

App full_app() {
  App app;
  app.name = "shop";
  app.domains = {"shop.example.com", "*.shop.example.com"};
  app.backends = {{"web.1", "10.0.0.1:5000", 20, 0, 1}, {"web.2", "host:1", 1, 2, 1000}};
  app.features.maintenance = true;
  app.features.balance = Balance::kRoundRobin;
  return app;
}

Drain full_drain() {
  Drain drain;
  drain.id = 17;
  drain.token = {1, 2};
  drain.channel = "shop";
  drain.url = Secret("https://user:hunter2@h/?token=sesame");
  drain.format = "json";
  drain.durable = true;
  drain.filter = "source=app";
  drain.headers = {{"X-Key", Secret("hunter2")}};
  drain.ca = "ca";
  drain.client_cert = "cert";
  drain.client_key = Secret("hunter2");
  drain.secret = Secret("hunter2");
  drain.paused = true;
  return drain;
}

ApiKey full_key() {
  ApiKey key;
  key.root = "first";
  key.id = "k1";
  key.name = "ci";
  key.hash[0] = 0xab;
  key.hash[31] = 0x01;
  key.scopes.add(Scope::kLogsRead);
  key.scopes.add(Scope::kDrainsWrite);
  key.channels = KeyChannels{{"shop", 9}, {"waits", std::nullopt}};
  key.expires = WallTime(std::chrono::microseconds(5));
  return key;
}

std::vector<Entry> samples() {
  Channel channel{"shop", "Shop", {true, true}, {}, 0xabc};
  Token token{{3, 4}, 5, "app", "shop", {}};
  Session session{{5, 6}, "shop", R"({"num":1})", WallTime(std::chrono::microseconds(7)), {}};
  Credential credential{"c1", "old", KeyHash{1}, true, true, {}};
  return {full_app(),
          App{"empty", {}, {}, {}, {}},
          channel,
          Channel{"bare", {}, {}, {}},
          token,
          full_drain(),
          Drain{},
          session,
          full_key(),
          credential,
          Credential{"c2", {}, {}, false, false, {}}};
}

TEST(Entry, stored_form_reads_back) {
  for (auto entry : samples()) {
    if (auto* drain = std::get_if<Drain>(&entry); drain != nullptr && drain->id == 0) drain->id = 1;
    const auto back = decode_entry(kind_of(entry), key_of(entry), encode_entry(entry));
    ASSERT_TRUE(back.has_value()) << encode_entry(entry) << back.error().text();
    EXPECT_EQ(*back, entry) << encode_entry(entry);
  }
}

TEST(Entry, key_of_an_earlier_version_without_channels_may_use_all) {
  const std::string hash(64, 'a');
  for (const std::string channels : {"", R"(,"channels":[])"}) {
    const auto read = decode_entry(EntryKind::kApiKey, "k",
                                   R"({"v":1,"sha256":")" + hash + R"(","scopes":["admin"])" + channels + "}");
    ASSERT_TRUE(read.has_value());
    const auto& key = std::get<ApiKey>(*read);
    EXPECT_FALSE(key.limited());
    EXPECT_TRUE(key.old_entry);
  }
}

TEST(Entry, empty_list_of_channels_opens_nothing_and_earlier_versions_cannot_read_it) {
  auto key = full_key();
  key.channels = KeyChannels{};
  const auto stored = encode_entry(key);
  EXPECT_EQ(boost::json::parse(stored).at("min").as_int64(), 2);
  EXPECT_EQ(boost::json::parse(stored).at("all_channels").as_bool(), false);
  const auto back = decode_entry(EntryKind::kApiKey, "k1", stored);
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(std::get<ApiKey>(*back).channels, KeyChannels{});
  key.channels.reset();
  EXPECT_EQ(boost::json::parse(encode_entry(key)).at("all_channels").as_bool(), true);
}

TEST(Entry, channels_of_a_key_of_an_earlier_version_are_those_of_that_version) {
  const auto read =
      decode_entry(EntryKind::kApiKey, "k",
                   R"({"v":1,"sha256":")" + std::string(64, 'a') + R"(","scopes":["admin"],"channels":["b","a","b"]})");
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(std::get<ApiKey>(*read).channels, (KeyChannels{{"a", 0}, {"b", 0}}));
}

TEST(Entry, unknown_fields_survive_a_rewrite) {
  const std::string stored =
      R"({"v":1,"domains":["a.b"],"features":{"maintenance":true,"wings":2},"colour":{"deep":[1,2]}})";
  auto entry = decode_entry(EntryKind::kApp, "shop", stored);
  ASSERT_TRUE(entry.has_value()) << entry.error().text();
  std::get<App>(*entry).features.maintenance = false;
  const auto written = boost::json::parse(encode_entry(*entry));
  EXPECT_EQ(written.at("colour"), boost::json::parse(R"({"deep":[1,2]})"));
  EXPECT_EQ(written.at("features"), boost::json::parse(R"({"wings":2})"));
}

TEST(Entry, newer_format_is_read_unless_it_forbids_so) {
  EXPECT_TRUE(decode_entry(EntryKind::kChannel, "c", R"({"v":9,"min":1,"name":"x"})"));
  const auto refused = decode_entry(EntryKind::kChannel, "c", R"({"v":9,"min":3,"name":"x"})");
  ASSERT_TRUE(refused.has_error());
  EXPECT_EQ(refused.error().code, ConfigError::kNewer);
}

TEST(Entry, bad_entries_name_the_field_and_no_value) {
  const struct {
    EntryKind kind;
    const char* key;
    const char* json;
    const char* names;
  } cases[] = {
      {EntryKind::kApp, "a", "", "JSON"},
      {EntryKind::kApp, "a", "[]", "JSON"},
      {EntryKind::kApp, "a", R"({"domains":"hunter2"})", "domains"},
      {EntryKind::kApp, "a", R"({"domains":["a b hunter2"]})", "domains"},
      {EntryKind::kApp, "a", R"({"domains":["a.b","a.b"]})", "domains"},
      {EntryKind::kApp, "a", R"({"backends":[1]})", "backends"},
      {EntryKind::kApp, "a", R"({"backends":[{"name":"w","address":"hunter2"}]})", "address"},
      {EntryKind::kApp, "a", R"({"features":{"maintenance":"hunter2"}})", "maintenance"},
      {EntryKind::kApp, "_router", "{}", "key"},
      {EntryKind::kChannel, "a/b", "{}", "key"},
      {EntryKind::kToken, "c", R"({"name":"n"})", "key"},
      {EntryKind::kToken, "c/0000000000000001", R"({"name":"n"})", "value"},
      {EntryKind::kToken, "c/0000000000000001", R"({"name":"n","value":{"v":1,"text":"hunter2"}})", "value"},
      {EntryKind::kDrain, "x", "{}", "key"},
      {EntryKind::kDrain, "0", R"({"token":"00000000-0000-0000-0000-000000000000"})", "key"},
      {EntryKind::kDrain, "1", R"({"token":"hunter2"})", "token"},
      {EntryKind::kDrain, "1", R"({"token":"00000000-0000-0000-0000-000000000000","url":"hunter2"})", "url"},
      {EntryKind::kSession, "x", "{}", "key"},
      {EntryKind::kApiKey, "k", R"({"sha256":"hunter2"})", "sha256"},
      {EntryKind::kCredential, "k", R"({"sha256":"hunter2"})", "sha256"},
  };
  for (const auto& one : cases) {
    const auto entry = decode_entry(one.kind, one.key, one.json);
    ASSERT_TRUE(entry.has_error()) << one.json;
    EXPECT_EQ(entry.error().code, ConfigError::kDamaged);
    EXPECT_NE(entry.error().message.find(one.names), std::string::npos) << entry.error().message;
    EXPECT_EQ(entry.error().message.find("hunter2"), std::string::npos) << entry.error().message;
  }
}

TEST(Entry, keys_hold_no_secret) {
  const Uuid secret{0xdeadbeefdeadbeef, 0xdeadbeefdeadbeef};
  EXPECT_EQ(key_of(Token{secret, 5, "app", "shop", {}}), "shop/0000000000000005");
  const auto session = public_key(EntryKind::kSession, secret.str());
  EXPECT_EQ(session, "deadbeef...");
}

}  // namespace
}  // namespace sluice
