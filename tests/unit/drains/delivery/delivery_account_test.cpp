#include "drains/delivery/delivery_account.hpp"

#include <gtest/gtest.h>

namespace sluice::drains {
namespace {

using std::chrono::seconds;

WallTime at(int second) { return WallTime(seconds(second)); }

Frame frame_with(std::uint64_t lines, std::uint64_t reported = 0, WallTime since = {}) {
  Frame frame;
  frame.lines = lines;
  frame.reported = reported;
  frame.reported_since = since;
  if (reported > 0) frame.notices.push_back(0);
  return frame;
}

struct Account : testing::Test {
  Ledger ledger() const {
    Ledger ledger;
    account.add_to(ledger);
    return ledger;
  }
  std::uint64_t dropped(LossReason reason) const { return ledger().dropped[static_cast<std::size_t>(reason)]; }

  std::uint64_t delivered_by_all = 100;
  DeliveryAccount account{at(1), delivered_by_all};
};

TEST_F(Account, losses_are_reported_once_and_since_the_first) {
  account.report_later(0, at(1));
  EXPECT_EQ(account.unreported().lines, 0u);
  account.report_later(2, at(9));
  account.report_later(3, at(7));
  const Unreported losses = account.take_unreported();
  EXPECT_EQ(losses.lines, 5u);
  EXPECT_EQ(losses.since, at(7));
  EXPECT_EQ(account.take_unreported().lines, 0u);
}

TEST_F(Account, the_channel_reports_lines_over_its_rate_itself) {
  Losses losses;
  losses.add(LossReason::kRate, 10, ChannelSlot{0}, 1, at(3));
  losses.add(LossReason::kMemoryBudget, 4, ChannelSlot{0}, 11, at(3));
  account.miss(losses);
  EXPECT_EQ(account.missing(), 4u);
  EXPECT_EQ(account.unreported().lines, 4u);
}

TEST_F(Account, a_rejected_frame_is_lost_with_what_it_reported) {
  account.reject(frame_with(3, 20, at(5)), at(8));
  EXPECT_EQ(dropped(LossReason::kRejected), 3u);
  EXPECT_EQ(account.unreported().lines, 23u);
  EXPECT_EQ(account.unreported().since, at(5));
  EXPECT_EQ(account.state(false), DrainState::kDegraded);
}

TEST_F(Account, refused_lines_were_not_delivered) {
  account.deliver(frame_with(10, 1, at(1)));
  EXPECT_EQ(delivered_by_all, 110u);
  account.refuse({}, at(2));
  EXPECT_EQ(ledger().delivered, 10u);
  account.refuse({3, ErrorClass::kRecord, "the topic refused lines"}, at(2));
  EXPECT_EQ(ledger().delivered, 7u);
  EXPECT_EQ(ledger().notices, 1u);
  EXPECT_EQ(delivered_by_all, 107u);
  EXPECT_EQ(dropped(LossReason::kRejected), 3u);
  EXPECT_EQ(account.unreported().lines, 3u);
  EXPECT_EQ(ledger().errors.of(ErrorClass::kRecord), 1u);
  EXPECT_EQ(ledger().last_error, "the topic refused lines");
}

TEST_F(Account, each_way_to_lose_lines_has_its_reason) {
  account.skip(1);
  account.forget(2, at(1));
  account.evict(4, at(1));
  EXPECT_EQ(dropped(LossReason::kSkipped), 1u);
  EXPECT_EQ(dropped(LossReason::kRetention), 2u);
  EXPECT_EQ(dropped(LossReason::kMemoryBudget), 4u);
  EXPECT_EQ(ledger().dropped_total(), 7u);
  EXPECT_EQ(account.unreported().lines, 6u) << "who asked to skip lines knows of it";
}

TEST_F(Account, success_ends_an_error_and_a_change_begins_anew) {
  EXPECT_EQ(account.state(false), DrainState::kPending);
  account.fail(ErrorClass::kDns, "no such host");
  EXPECT_TRUE(account.failing());
  EXPECT_EQ(ledger().errors.of(ErrorClass::kDns), 1u);
  account.succeed(at(4));
  EXPECT_EQ(account.state(false), DrainState::kActive);
  EXPECT_EQ(ledger().last_error, "");
  EXPECT_EQ(ledger().last_success, at(4));
  account.disable("unusable");
  EXPECT_TRUE(account.disabled());
  EXPECT_EQ(account.state(false), DrainState::kDisabled);
  EXPECT_EQ(account.state(true), DrainState::kPaused);
  account.begin_anew();
  EXPECT_EQ(account.state(false), DrainState::kPending);
  EXPECT_EQ(ledger().last_error, "unusable") << "until something is delivered";
}

TEST_F(Account, trouble_that_lasts_counts_once) {
  for (int i = 0; i < 3; ++i) account.note_trouble({ErrorClass::kConnect, "no broker answers"});
  EXPECT_EQ(ledger().errors.of(ErrorClass::kConnect), 1u);
  account.note_trouble({ErrorClass::kDns, "no such broker"});
  EXPECT_EQ(ledger().errors.of(ErrorClass::kDns), 1u);
  EXPECT_TRUE(account.failing());
}

TEST_F(Account, adds_up_with_what_the_ledger_has) {
  Ledger ledger;
  ledger.filtered = 5;
  account.leave_out(2);
  account.give_up_on(1);
  account.add_to(ledger);
  EXPECT_EQ(ledger.filtered, 7u);
  EXPECT_EQ(account.lines_given_up(), 1u);
  EXPECT_EQ(ledger.since, at(1));
}

}  // namespace
}  // namespace sluice::drains
