#include "logplex/ingress/intake.hpp"

#include "logplex/ingress/pending_batch.hpp"
#include "tests/unit/logplex/ingress/ingress_fixture.hpp"

namespace sluice::ingress {
namespace {

using ::testing::ElementsAre;

class IntakeTest : public IngressTest {
 protected:
  IntakeTest() { start(); }
  bool append(std::optional<Uuid> to, const LineView& line) {
    return shards.on(0, [&] { return parts[0]->intake.append(to, line, "0123456789"); });
  }
  std::vector<std::string> arrived(const char* channel, std::size_t count) {
    EXPECT_TRUE(eventually([&] { return records(channel).size() >= count; }));
    return records(channel);
  }
  static LineView line_of(std::string_view text) {
    LineView line;
    line.time = "2026-01-02T03:04:05Z";
    line.host = "host";
    line.process = "web.1";
    line.text = text;
    return line;
  }

  /// A batch on shard 0.
  void begin(const Credentials& given) {
    shards.on(0, [&] {
      const auto writer = parts[0]->intake.authenticate(given);
      ASSERT_TRUE(writer.has_value()) << writer.error().text;
      batch = std::make_unique<PendingBatch>(parts[0]->intake, *writer, nullptr);
    });
  }
  std::optional<Refused> end() {
    auto refused = shards.await(0, batch->append());
    shards.on(0, [&] { batch.reset(); });
    return refused;
  }
  std::optional<Refused> authenticate(const Credentials& given) {
    return shards.on(0, [&]() -> std::optional<Refused> {
      const auto writer = parts[0]->intake.authenticate(given);
      return writer ? std::nullopt : std::optional(writer.error());
    });
  }
  std::uint64_t held() { return shards.runtime.memory().held(MemoryClass::kIngressBodies).count; }

  std::unique_ptr<PendingBatch> batch;
};

TEST_F(IntakeTest, a_line_of_any_protocol_gets_its_source_from_the_token) {
  LineView line = line_of("text\n");
  line.source = "forged";
  EXPECT_TRUE(append(token, line));
  EXPECT_THAT(arrived("app-one", 1), ElementsAre("2026-01-02T03:04:05Z host app web.1 - - text\n"));
  EXPECT_EQ(metric("sluice_ingress_lines_total"), 1);
  EXPECT_EQ(metric("sluice_ingress_bytes_total"), 10);
}

TEST_F(IntakeTest, a_line_without_the_token_of_a_channel_is_counted) {
  EXPECT_FALSE(append(std::nullopt, line_of("a")));
  EXPECT_FALSE(append(Uuid{}, line_of("b")));
  EXPECT_EQ(counters().no_token, 1U);
  EXPECT_EQ(counters().unknown_token, 1U);
  EXPECT_EQ(counters().lines, 0U);
}

TEST_F(IntakeTest, a_field_that_would_break_a_syslog_message_is_malformed) {
  for (const char* bad : {"two words", "line\nend", "\x7f", "tab\t"}) {
    for (std::string_view LineView::*field : {&LineView::time, &LineView::host, &LineView::process, &LineView::msgid}) {
      LineView line = line_of("a");
      line.*field = bad;
      EXPECT_FALSE(append(token, line)) << bad;
    }
  }
  EXPECT_EQ(counters().malformed, 16U);
  EXPECT_EQ(counters().lines, 0U);
  LineView fine = line_of("two words\n");
  fine.host = "m\xc3\xbcnchen";
  EXPECT_TRUE(append(token, fine));
}

TEST_F(IntakeTest, no_line_of_any_protocol_holds_a_valid_token) {
  LineView line = line_of("a");
  const std::string secret = text_of(other_token);
  line.msgid = secret;
  EXPECT_TRUE(append(token, line));
  EXPECT_THAT(arrived("app-one", 1), ElementsAre("2026-01-02T03:04:05Z host app web.1 heroku - a"));
}

TEST_F(IntakeTest, a_line_that_has_been_here_before_does_not_come_in_again) {
  LineView back = line_of("back");
  back.structured_data = "[sluice@32473 passed=\"0000000000000077\"]";
  EXPECT_TRUE(append(token, back));
  EXPECT_EQ(counters().loops, 1U);
  EXPECT_EQ(counters().lines, 0U);
}

TEST_F(IntakeTest, senders_show_a_token_a_credential_or_a_key) {
  config.add_key("writing-key", Scope::kLogsWrite, {});
  const std::string shown = text_of(token);
  EXPECT_FALSE(authenticate({.user = "token", .secret = shown}));
  EXPECT_FALSE(authenticate({.user = "writer", .secret = "pass:word"}));
  EXPECT_FALSE(authenticate({.user = "", .secret = "writing-key", .channel = "app-two"}));
  EXPECT_EQ(authenticate({.user = "token", .secret = "t.no"})->why, Refusal::kUnauthorized);
  EXPECT_EQ(authenticate({.user = "", .secret = ""})->why, Refusal::kUnauthorized);
  EXPECT_EQ(authenticate({.user = "reader", .secret = "password"})->why, Refusal::kForbidden);
  EXPECT_EQ(authenticate({.user = "", .secret = "writing-key", .channel = "none"})->why, Refusal::kNotFound);
  const auto unnamed = authenticate({.user = "", .secret = "writing-key", .channel_example = "channel=NAME"});
  EXPECT_EQ(unnamed->why, Refusal::kMalformed);
  EXPECT_EQ(unnamed->text, "name the channel: channel=NAME");
}

TEST_F(IntakeTest, a_batch_is_read_when_its_confirmation_is_there) {
  const std::string shown = text_of(token);
  begin({.user = "token", .secret = shown});
  shards.on(0, [&] {
    batch->add(line_of("one"), 10);
    batch->add_message("<190>1 2026-01-02T03:04:05Z host any web.2 - - two");
    LineView bad = line_of("three");
    bad.process = "a b";
    batch->add(bad, 10);
  });
  EXPECT_GT(held(), 0U);
  EXPECT_TRUE(lines("app-one").empty());
  EXPECT_FALSE(end());
  EXPECT_THAT(lines("app-one"), ElementsAre("app web.1 one", "app web.2 two"));
  EXPECT_EQ(counters().malformed, 1U);
  EXPECT_EQ(held(), 0U);
}

TEST_F(IntakeTest, a_batch_whose_token_was_revoked_is_refused_as_a_whole) {
  const std::string shown = text_of(token);
  begin({.user = "token", .secret = shown});
  shards.on(0, [&] {
    batch->add(line_of("one"), 10);
    config.revoke("app-one", token);
  });
  const auto refused = end();
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->why, Refusal::kUnauthorized);
  EXPECT_TRUE(lines("app-one").empty());
}

TEST_F(IntakeTest, each_message_of_a_credential_names_its_token) {
  begin({.user = "writer", .secret = "pass:word"});
  shards.on(0, [&] {
    batch->add_message("<190>1 2026-01-02T03:04:05Z host " + text_of(other_token) + " web.2 - - two");
    batch->add_message("<190>1 2026-01-02T03:04:05Z host nobody web.2 - - three");
    batch->add(line_of("four"), 10);
  });
  EXPECT_FALSE(end());
  EXPECT_THAT(lines("app-two"), ElementsAre("heroku web.2 two"));
  EXPECT_EQ(counters().no_token, 2U);
}

TEST_F(IntakeTest, a_batch_that_was_given_up_is_refused) {
  shards.runtime.memory().set_limit(MemoryClass::kIngressBodies, 1_KiB);
  const std::string shown = text_of(token);
  begin({.user = "token", .secret = shown});
  const std::string text(10'000, 'x');
  shards.on(0, [&] { batch->add(line_of(text), text.size()); });
  ASSERT_TRUE(eventually([&] { return shards.on(0, [&] { return batch->given_up(); }); }));
  const auto refused = end();
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->why, Refusal::kMemory);
  EXPECT_TRUE(lines("app-one").empty());
}

}  // namespace
}  // namespace sluice::ingress
