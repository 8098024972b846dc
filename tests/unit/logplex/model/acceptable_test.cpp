// What a store says is checked like what a client says: nothing that is decoded would be refused by decide().
#include "logplex/model/acceptable.hpp"

#include <random>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include "logplex/base/bytes/utf8.hpp"
#include "logplex/model/decide/decide.hpp"
#include "logplex/model/decide/snapshot_editor.hpp"
#include "logplex/model/names.hpp"
#include "logplex/model/sealed_entry.hpp"

namespace sluice {
namespace {

namespace json = boost::json;

constexpr const char* kDrain = R"({"v":1,"token":"00000000-0000-0001-0000-000000000002","channel":"shop",)"
                               R"("url":{"v":0,"text":"https://h.example.com/"},"format":"json","filter":"source=app",)"
                               R"("headers":[{"name":"X-Key","value":{"v":0,"text":"k"}}],"ca":"c","client_cert":"d",)"
                               R"("client_key":{"v":0,"text":"e"},"secret":{"v":0,"text":"s"},"durable":true})";

struct Stored {
  EntryKind kind;
  std::string key;
  std::string json;
};

std::vector<Stored> samples() {
  return {
      {EntryKind::kApp, "shop",
       R"({"v":1,"domains":["shop.example.com","*.example.com"],"backends":[{"name":"web.1","address":"h:80",)"
       R"("soft":1,"hard":2,"weight":3}],"features":{"maintenance":true,"balance":"random"}})"},
      {EntryKind::kChannel, "shop", R"({"v":1,"name":"Shop","flags":["no_tail"]})"},
      {EntryKind::kToken, "shop/0000000000000005",
       R"({"v":1,"name":"app","value":{"v":0,"text":"00000000-0000-0003-0000-000000000004"}})"},
      {EntryKind::kDrain, "7", kDrain},
      {EntryKind::kSession, "00000000-0000-0005-0000-000000000006", R"({"channel":"shop","query":"{}","expires":7})"},
      {EntryKind::kApiKey, "k1",
       R"({"name":"ci","sha256":"00000000000000000000000000000000000000000000000000000000000000ab",)"
       R"("scopes":["logs:read"],"channels":["shop"],"expires":5})"},
      {EntryKind::kCredential, "c1", R"({"name":"old","full_api":true})"}};
}

/// Decides what a client would ask for to get this entry, where nothing stands in its way.
struct Ask {
  ConfigSnapshot config;

  result<Effects, Error> decided(const Change& change) const { return decide(config, change, {}); }
  result<Effects, Error> operator()(const App& app) const {
    return decided(PutApp{app.name, app.domains, app.backends, app.features});
  }
  result<Effects, Error> operator()(const Channel& channel) const {
    return decided(PutChannel{channel.id, channel.name, channel.flags, {}});
  }
  result<Effects, Error> operator()(const Token& token) const {
    return decided(CreateToken{token.channel, {token.name, token.value, token.id}});
  }
  result<Effects, Error> operator()(const Drain& drain) const { return decided(CreateDrain{drain}); }
  result<Effects, Error> operator()(const Session& session) const { return decided(CreateSession{session}); }
  result<Effects, Error> operator()(const ApiKey& key) const { return decided(CreateKey{key}); }
  result<Effects, Error> operator()(const Credential& credential) const { return decided(PutCredential{credential}); }
};

class Acceptable : public testing::Test {
 protected:
  /// A configuration in which the entry's channel exists. An empty one has many buckets: it is made once.
  ConfigSnapshot with_channels(const Entry& entry) {
    auto config = empty_;
    ChangedKeys changed;
    SnapshotEditor editor(config, slots_, changed);
    for (const auto& channel : channel_of(entry))
      if (check_channel_id(channel).has_value())
        editor.apply({EntryKind::kChannel, channel, Channel{channel, {}, {}, {}}});
    return config;
  }
  static std::vector<std::string> channel_of(const Entry& entry) {
    if (const auto* token = std::get_if<Token>(&entry)) return {token->channel};
    if (const auto* drain = std::get_if<Drain>(&entry); drain != nullptr && !drain->global()) return {drain->channel};
    if (const auto* session = std::get_if<Session>(&entry)) return {session->channel};
    return {};
  }
  /// What decode takes, decide takes; and what decide writes, decode takes.
  void check(const Stored& stored) {
    const auto entry = decode_entry(stored.kind, stored.key, stored.json);
    if (entry.has_error()) {
      EXPECT_TRUE(is_utf8(entry.error().message)) << stored.json;
      return;
    }
    ++taken_;
    // A key all of whose scopes are newer than this version opens nothing, and is not asked for.
    if (const auto* key = std::get_if<ApiKey>(&*entry); key != nullptr && key->scopes.bits == 0) return;
    const auto decided = std::visit(Ask{with_channels(*entry)}, *entry);
    ASSERT_TRUE(decided.has_value()) << decided.error().text() << " " << stored.key << " " << stored.json;
    for (const auto& effect : decided->list) {
      ASSERT_TRUE(effect.entry);
      const auto again = decode_entry(effect.kind, effect.key, encode_entry(*effect.entry));
      ASSERT_TRUE(again.has_value()) << again.error().text() << encode_entry(*effect.entry);
    }
  }

  SlotSequence slots_;
  ConfigSnapshot empty_ = SnapshotEditor::empty(slots_);
  int taken_ = 0;
};

std::string with_field(const std::string& text, std::string_view field, json::value value) {
  auto object = json::parse(text).as_object();
  object[field] = std::move(value);
  return json::serialize(object);
}

json::value long_text(std::size_t size, char c) { return json::string(std::string(size, c)); }
json::object plain(std::string text) { return {{"v", 0}, {"text", std::move(text)}}; }
json::array header(std::string name, std::string value) {
  return {json::object{{"name", std::move(name)}, {"value", plain(std::move(value))}}};
}

TEST_F(Acceptable, stored_drains_hold_nothing_that_a_client_could_not_ask_for) {
  const std::vector<std::pair<const char*, json::value>> bad{
      {"headers", header("X-A", "a\r\nPOST /admin HTTP/1.1")},
      {"headers", header("X-A\r\nB", "a")},
      {"headers", header("Host", "other")},
      {"headers", header("logplex-FRAME-id", "1")},
      {"headers", header("X-A", std::string(8193, 'x'))},
      {"headers", json::array(65, header("X-A", "a").at(0))},
      {"url", plain("https://h/\r\nX: y")},
      {"url", plain("https://h/" + std::string(8192, 'x'))},
      {"url", plain("nothing")},
      {"filter", long_text(4097, 'a')},
      {"filter", "a\nb"},
      {"format", long_text(256, 'f')},
      {"ca", long_text(256 * 1024 + 1, 'c')},
      {"client_cert", long_text(256 * 1024 + 1, 'c')},
      {"client_key", plain(std::string(256 * 1024 + 1, 'c'))},
      {"secret", plain(std::string(8193, 's'))},
      {"channel", "a/b"},
  };
  EXPECT_TRUE(decode_entry(EntryKind::kDrain, "7", kDrain).has_value());
  for (const auto& [field, value] : bad) {
    const auto entry = decode_entry(EntryKind::kDrain, "7", with_field(kDrain, field, value));
    ASSERT_TRUE(entry.has_error()) << field;
    EXPECT_LT(entry.error().message.size(), 400U) << field;
    EXPECT_NE(entry.error().message.find(field == std::string("channel") ? "channel" : field), std::string::npos)
        << entry.error().message;
  }
}

TEST_F(Acceptable, keys_have_one_form) {
  EXPECT_TRUE(decode_entry(EntryKind::kDrain, "007", kDrain).has_error());
  EXPECT_TRUE(
      decode_entry(EntryKind::kSession, "ABCDEFAB-0000-0005-0000-000000000006", R"({"channel":"shop","expires":7})")
          .has_error());
  EXPECT_TRUE(decode_entry(EntryKind::kCredential, "a\nb", "{}").has_error());
  EXPECT_TRUE(decode_entry(EntryKind::kApiKey, std::string(70'000, 'k'), "{}").has_error());
  EXPECT_TRUE(
      decode_entry(EntryKind::kChannel, "c", "{\"name\":\"" + std::string(kLargestEntry, 'x') + "\"}").has_error());
}

TEST_F(Acceptable, an_end_that_is_too_far_is_the_last_one) {
  const auto session = decode_entry(EntryKind::kSession, "00000000-0000-0005-0000-000000000006",
                                    R"({"channel":"shop","expires":4611686018427387904})");
  ASSERT_TRUE(session.has_value());
  EXPECT_EQ(std::get<Session>(*session).expires, kLastEnd);
}

TEST_F(Acceptable, what_decode_takes_decide_takes) {
  for (const auto& sample : samples()) check(sample);
  EXPECT_EQ(taken_, 7);
}

/// Bytes and JSON values are replaced at random.
TEST_F(Acceptable, what_decode_takes_decide_takes_however_it_was_changed) {
  std::mt19937_64 random(20261128);
  const auto below = [&random](std::size_t bound) { return static_cast<std::size_t>(random() % bound); };
  const std::vector<json::value> values{"",
                                        "x",
                                        "a b",
                                        "\r\n",
                                        "_router",
                                        "*.a",
                                        "SHOP.Example.com",
                                        0,
                                        1,
                                        -1,
                                        1001,
                                        1e300,
                                        nullptr,
                                        true,
                                        json::array{},
                                        json::object{},
                                        plain(""),
                                        plain("x://y"),
                                        plain("a\nb"),
                                        "\xc3\xa9",
                                        long_text(300, 'n'),
                                        long_text(5000, 'f'),
                                        json::array{"x", "x"}};
  const auto all = samples();
  for (int round = 0; round < 10'000; ++round) {
    Stored stored = all[below(all.size())];
    if (below(3) == 0) {
      for (std::size_t i = 0; i <= below(3); ++i)
        stored.json[below(stored.json.size())] = static_cast<char>(below(256));
    } else {
      auto object = json::parse(stored.json).as_object();
      auto at = object.begin() + static_cast<std::ptrdiff_t>(below(object.size()));
      at->value() = values[below(values.size())];
      stored.json = json::serialize(object);
    }
    if (below(8) == 0) stored.key[below(stored.key.size())] = static_cast<char>(below(256));
    check(stored);
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(taken_, 500);
}

TEST(PublicKey, is_short_and_valid_text) {
  const auto shown = public_key(EntryKind::kApp, std::string(70'000, '\xff'));
  EXPECT_LE(shown.size(), 140U);
  EXPECT_TRUE(is_utf8(shown));
  EXPECT_TRUE(is_utf8(public_key(EntryKind::kSession, "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9")));
  EXPECT_EQ(public_key(EntryKind::kToken, "shop/01"), "shop/01");
  EXPECT_EQ(public_key(EntryKind::kApp, "a\x1b[31m"), "a\xef\xbf\xbd[31m");
}

TEST(SealedEntry, secrets_stand_nowhere_in_it_and_open_with_its_key_and_name_only) {
  const auto seal = Seal::parse(std::string(64, 'a')).value();
  const auto other = Seal::parse(std::string(64, 'b')).value();
  auto entry =
      decode_entry(EntryKind::kDrain, "7",
                   with_field(with_field(kDrain, "url", plain("https://user:hunter2@h/")), "secret", plain("hunter2")));
  ASSERT_TRUE(entry.has_value());
  std::get<Drain>(*entry).headers = {{"X-Key", Secret("hunter2")}};
  std::get<Drain>(*entry).client_key = Secret("hunter2");
  const auto stored = encode_entry(*entry, &seal);
  EXPECT_EQ(stored.find("hunter2"), std::string::npos);
  const auto back = decode_entry(EntryKind::kDrain, "7", stored, &seal);
  ASSERT_TRUE(back.has_value()) << back.error().text();
  EXPECT_EQ(*back, *entry);
  EXPECT_NE(decode_entry(EntryKind::kDrain, "8", stored, &seal).error().message.find("another entry"),
            std::string::npos);
  EXPECT_NE(decode_entry(EntryKind::kDrain, "7", stored, &other).error().message.find("does not hold"),
            std::string::npos);
  EXPECT_NE(decode_entry(EntryKind::kDrain, "7", stored).error().message.find("store.secret_key_file"),
            std::string::npos);
  // A value does not open in another field of its own entry either.
  auto swapped = json::parse(stored).as_object();
  swapped["secret"] = swapped["client_key"];
  EXPECT_TRUE(decode_entry(EntryKind::kDrain, "7", json::serialize(swapped), &seal).has_error());
  // What was stored plain is still read.
  EXPECT_TRUE(decode_entry(EntryKind::kDrain, "7", kDrain, &seal).has_value());
}

}  // namespace
}  // namespace sluice
