#include "drains/delivery/untrusted_notice.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/drains/drain_fixture.hpp"
#include "tests/unit/logplex/channel/fabric_fixture.hpp"

namespace sluice::drains {
namespace {

using testing::HasSubstr;
using testing::Not;

struct NoticeWorld : HandDriven {
  NoticeWorld() : HandDriven(1), channel(open()) {
    EXPECT_TRUE(reader.attach(channel));
    entry.drain = drain_to("syslog+tls://user:s3cret@host:6514");
    entry.channel = channel;
  }
  std::vector<Collector::Got> take() {
    turns();
    Collector got;
    reader.take(got);
    return got.lines;
  }

  const ChannelSlot channel;
  Reader reader{local(), Retention::kUntaken};
  DrainEntry entry;
  UntrustedNotice notice{runtime.shard(0), local(), entry};
};

TEST(UntrustedNotice, says_what_is_wrong_and_where_without_secrets) {
  NoticeWorld world;
  world.notice.write("self-signed certificate");
  const auto lines = world.take();
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_THAT(lines[0].text, HasSubstr("L14"));
  EXPECT_THAT(lines[0].text, HasSubstr("self-signed certificate"));
  EXPECT_THAT(lines[0].text, HasSubstr("host:6514"));
  EXPECT_THAT(lines[0].text, Not(HasSubstr("s3cret")));
}

TEST(UntrustedNotice, comes_once_in_a_quarter_of_an_hour_or_after_a_change) {
  NoticeWorld world;
  for (int i = 0; i < 3; ++i) world.notice.write("expired");
  EXPECT_EQ(world.take().size(), 1u);
  world.pass(std::chrono::minutes(16));
  world.notice.write("expired");
  EXPECT_EQ(world.take().size(), 1u);
  world.notice.begin_anew();
  world.notice.write("expired");
  EXPECT_EQ(world.take().size(), 1u);
}

TEST(UntrustedNotice, a_global_drain_has_no_channel_to_tell) {
  NoticeWorld world;
  world.entry.drain.channel.clear();
  world.notice.write("expired");
  EXPECT_TRUE(world.take().empty());
}

}  // namespace
}  // namespace sluice::drains
