#include "logplex/ingress/ingress_parts.hpp"

#include "tests/unit/logplex/ingress/ingress_fixture.hpp"
#include "tests/unit/logplex/ingress/toy_ingress.hpp"

namespace sluice::ingress {
namespace {

/// The product's kinds and the toy.
class IngressPartsTest : public IngressTest {
 protected:
  void send_to_all() {
    toy.send(text_of(token) + " by toy\n");
    syslog.send(line(text_of(token), "by syslog"));
  }

  RawClient connect(const char* setting) {
    if (table == nullptr) start_with_toy();
    return RawClient(port(setting));
  }
  void start_with_toy() {
    kinds.push_back({"ingress.toy", &IngressSettings::syslog_tls, &toy_part});
    start();
  }
  RawClient toy = connect("ingress.toy");
  RawClient syslog = connect("ingress.syslog");
};

TEST_F(IngressPartsTest, a_kind_needs_nothing_but_its_row) {
  send_to_all();
  ASSERT_TRUE(eventually([&] { return lines("app-one").size() == 2; }));
  EXPECT_THAT(lines("app-one"), ::testing::UnorderedElementsAre("app toy by toy", "app web.1 by syslog"));
  EXPECT_EQ(metric("toy_connections_total"), 1);
  EXPECT_EQ(metric("sluice_ingress_syslog_connections_total"), 1);
}

TEST_F(IngressPartsTest, every_kind_has_its_own_connections_without_token) {
  syslog.send(line(text_of(token), "x"));
  ASSERT_TRUE(eventually([&] { return lines("app-one").size() == 1; }));
  ASSERT_TRUE(eventually([&] { return metric("toy_connections_total") == 1; }));
  EXPECT_EQ(pools->of("ingress.toy").count(), 1U);
  EXPECT_EQ(pools->of("ingress.syslog").count(), 0U);
  EXPECT_EQ(pools->of("ingress.http").count(), 0U);
  MetricsPage page;
  pools->add_metrics(page);
  EXPECT_THAT(page.text(), ::testing::HasSubstr("sluice_ingress_unproven_connections{listener=\"ingress.toy\"} 1\n"));
}

TEST_F(IngressPartsTest, stopping_ends_the_connections_of_every_kind) {
  send_to_all();
  ASSERT_TRUE(eventually([&] { return lines("app-one").size() == 2; }));
  for (std::uint32_t id = 0; id < kShards; ++id) shards.on(id, [&] { parts[id]->ingress.stop_accepting(); });
  for (std::uint32_t id = 0; id < kShards; ++id) shards.await(id, parts[id]->ingress.finished());
  EXPECT_EQ(toy.read_all(), "");
  EXPECT_EQ(syslog.read_all(), "");
}

TEST_F(IngressPartsTest, cancelling_ends_them_at_once) {
  for (std::uint32_t id = 0; id < kShards; ++id) shards.on(id, [&] { parts[id]->ingress.cancel(); });
  for (std::uint32_t id = 0; id < kShards; ++id) shards.await(id, parts[id]->ingress.finished());
  EXPECT_EQ(toy.read_all(), "");
  EXPECT_EQ(syslog.read_all(), "");
}

TEST_F(IngressPartsTest, a_kind_takes_batches_and_confirms_them) {
  toy.send("begin token " + text_of(token) + "\none\ntwo\nend\n");
  EXPECT_EQ(toy.read_until("\n"), "ok\n");
  EXPECT_EQ(lines("app-one"), (std::vector<std::string>{"app toy one", "app toy two"}));
  EXPECT_EQ(pools->of("ingress.toy").count(), 0U);
  toy.send("begin token wrong\n");
  EXPECT_EQ(toy.read_until("\n"), "no Not Authorized\n");
}

TEST_F(IngressPartsTest, only_listeners_of_ingress_have_a_handler_here) {
  for (const IngressKind& kind : ingress_kinds())
    EXPECT_NE(shards.on(0, [&] { return parts[0]->ingress.handler_of(kind.setting); }), nullptr) << kind.setting;
  EXPECT_EQ(shards.on(0, [&] { return parts[0]->ingress.handler_of("api.listen"); }), nullptr);
}

}  // namespace
}  // namespace sluice::ingress
