#include "drains/delivery/frame_sender.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/drains/delivery/hand_driven_drain.hpp"

namespace sluice::drains {
namespace {

using Bodies = std::vector<std::string>;
using Progress = FrameSender::Progress;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

TEST(FrameSender, a_frame_is_sent_and_confirmed_later) {
  HandDrivenDrain drain;
  drain.add("one");
  EXPECT_EQ(drain.send(), Progress::kWell);
  EXPECT_EQ(drain.script.sent, Bodies{"one\n"});
  EXPECT_EQ(drain.ledger().in_flight_lines, 1u);
  EXPECT_EQ(drain.sender.take_confirmed(), Progress::kWell);
  EXPECT_EQ(drain.ledger().delivered, 0u);
  drain.script.confirmed = 1;
  EXPECT_EQ(drain.sender.take_confirmed(), Progress::kWell);
  EXPECT_EQ(drain.ledger().delivered, 1u);
  EXPECT_EQ(drain.ledger().state, DrainState::kPending) << "only the runner says";
  EXPECT_EQ(drain.account.state(false), DrainState::kActive);
  EXPECT_TRUE(drain.ledger().last_success && drain.ledger().latency);
}

TEST(FrameSender, a_transport_without_a_window_confirms_at_once) {
  HandDrivenDrain drain;
  drain.script.windowed = false;
  drain.sender.use(std::make_unique<ScriptedTransport>(drain.script), drain.wake);
  drain.add("one");
  EXPECT_TRUE(drain.sender.has_room());
  EXPECT_FALSE(drain.sender.send_now()) << "it has to wait for the answer";
  drain.script.reports = {report_of(Verdict::kDelivered)};
  EXPECT_EQ(drain.send(), Progress::kWell);
  EXPECT_EQ(drain.ledger().delivered, 1u);
  EXPECT_EQ(drain.sender.arrived(), 0u);
  drain.sender.charge_copies();
}

TEST(FrameSender, has_room_up_to_the_window) {
  HandDrivenDrain drain;
  drain.script.window = 2;
  for (const char* text : {"one", "two", "three"}) drain.add(text);
  drain.send();
  EXPECT_TRUE(drain.sender.has_room());
  drain.send();
  EXPECT_FALSE(drain.sender.has_room());
}

TEST(FrameSender, backpressure_is_no_failure_but_says_what_is_wrong) {
  HandDrivenDrain drain;
  drain.add("one");
  drain.script.reports = {report_of(Verdict::kLater)};
  drain.script.trouble = Trouble{ErrorClass::kConnect, "no broker answers"};
  drain.script.held = 50;
  const std::uint64_t used = drain.memory.bodies.used_bytes();
  EXPECT_EQ(drain.send(), Progress::kFull);
  EXPECT_EQ(drain.ledger().last_error, "no broker answers");
  EXPECT_EQ(drain.memory.bodies.used_bytes(), used + 50);
  EXPECT_EQ(drain.frames.sent(), 0u);
}

TEST(FrameSender, a_failure_takes_all_frames_back) {
  HandDrivenDrain drain;
  for (const char* text : {"one", "two", "three"}) drain.add(text);
  drain.send();
  drain.send();
  SendReport report = report_of(Verdict::kRetry, ErrorClass::kHttp, "the receiver answered 503");
  report.retry_after = seconds(7);
  drain.script.reports = {report};
  EXPECT_EQ(drain.send(), Progress::kFailed);
  EXPECT_EQ(drain.frames.sent(), 0u);
  EXPECT_EQ(drain.sender.pause(), seconds(7));
  EXPECT_EQ(drain.ledger().last_error, "the receiver answered 503");
  drain.send();
  EXPECT_EQ(drain.script.sent, (Bodies{"one\n", "two\n", "three\n", "one\n"}));
}

TEST(FrameSender, a_broken_connection_costs_no_pause_the_first_time) {
  HandDrivenDrain drain;
  drain.add("one");
  drain.script.broken = report_of(Verdict::kRetry, ErrorClass::kClosed, "closed");
  EXPECT_EQ(drain.send(), Progress::kBroke);
  EXPECT_EQ(drain.frames.sent(), 0u);
  EXPECT_EQ(drain.send(), Progress::kFailed);
  EXPECT_EQ(drain.ledger().errors.of(ErrorClass::kClosed), 2u);
  EXPECT_EQ(drain.sender.take_confirmed(), Progress::kWell) << "nothing is under way";
}

TEST(FrameSender, what_a_receiver_rejects_is_dropped) {
  HandDrivenDrain drain;
  drain.add("one");
  drain.add("two");
  drain.script.reports = {report_of(Verdict::kRejected, ErrorClass::kHttp, "the receiver answered 400")};
  EXPECT_EQ(drain.send(), Progress::kWell);
  EXPECT_EQ(drain.bodies(), Bodies{"two\n"});
  EXPECT_EQ(drain.dropped(LossReason::kRejected), 1u);
  EXPECT_EQ(drain.ledger().last_error, "the receiver answered 400");
}

TEST(FrameSender, lines_refused_after_their_confirmation_are_counted_as_rejected) {
  HandDrivenDrain drain;
  drain.add("one");
  drain.send();
  drain.script.confirmed = 1;
  drain.script.refused = {1, ErrorClass::kTooLarge, "a line is too large"};
  drain.sender.take_confirmed();
  EXPECT_EQ(drain.ledger().delivered, 0u);
  EXPECT_EQ(drain.dropped(LossReason::kRejected), 1u);
}

TEST(FrameSender, too_large_frames_are_split_and_single_lines_dropped) {
  HandDrivenDrain drain;
  drain.append(drain.channel, "one");
  drain.append(drain.channel, "two");
  drain.turns();
  ASSERT_TRUE(drain.gather());
  drain.script.reports = {report_of(Verdict::kSplit), report_of(Verdict::kSplit)};
  EXPECT_EQ(drain.send(), Progress::kWell);
  EXPECT_EQ(drain.bodies(), (Bodies{"one\n", "two\n"}));
  EXPECT_EQ(drain.send(), Progress::kWell);
  EXPECT_EQ(drain.bodies(), Bodies{"two\n"});
  EXPECT_EQ(drain.ledger().last_error, "a single line is too large for the receiver");
}

TEST(FrameSender, a_slow_receiver_gets_smaller_frames_but_not_because_we_closed) {
  for (const bool closed : {false, true}) {
    HandDrivenDrain drain;
    for (int i = 0; i < 4; ++i) drain.append(drain.channel, std::string(100, 'x'));
    drain.turns();
    ASSERT_TRUE(drain.gather());
    SendReport report = report_of(Verdict::kRetry, ErrorClass::kTimeout, "too slow");
    report.smaller = true;
    drain.script.reports = {report};
    drain.script.closes_itself = closed ? &drain.sender : nullptr;
    drain.send();
    EXPECT_EQ(drain.frames.frames().size(), closed ? 1u : 2u);
    EXPECT_EQ(drain.sender.batch_bytes(1000), closed ? 1000u : 202u);
    EXPECT_FALSE(drain.sender.next_is_too_large()) << "it is half of what was too large";
  }
}

TEST(FrameSender, bad_configuration_disables) {
  HandDrivenDrain drain;
  drain.add("one");
  drain.script.reports = {report_of(Verdict::kFatal, ErrorClass::kConfiguration, "the key does not fit")};
  EXPECT_EQ(drain.send(), Progress::kFailed);
  EXPECT_TRUE(drain.account.disabled());
  EXPECT_EQ(drain.ledger().pending_lines, 1u);
}

TEST(FrameSender, sends_at_once_what_needs_no_waiting) {
  HandDrivenDrain drain;
  drain.add("one");
  EXPECT_FALSE(drain.sender.send_now()) << "the task has to poll for confirmations from now on";
  drain.add("two");
  EXPECT_TRUE(drain.sender.send_now());
  EXPECT_EQ(drain.script.sent, (Bodies{"one\n", "two\n"}));
  drain.script.confirmed = 1;
  drain.script.takes_at_once = false;
  drain.add("three");
  EXPECT_FALSE(drain.sender.send_now());
  EXPECT_EQ(drain.ledger().delivered, 1u);
  EXPECT_EQ(drain.ledger().in_flight_lines, 1u);
}

TEST(FrameSender, sends_no_folded_frame_at_once) {
  HandDrivenDrain drain;
  drain.add("one");
  drain.frames.fold(0);
  EXPECT_FALSE(drain.sender.send_now());
  EXPECT_TRUE(drain.script.sent.empty());
}

TEST(FrameSender, a_change_takes_back_what_is_under_way) {
  HandDrivenDrain drain;
  drain.add("one");
  drain.send();
  drain.sender.begin_anew();
  EXPECT_EQ(drain.script.closed, 1);
  EXPECT_EQ(drain.frames.sent(), 0u);
}

TEST(FrameSender, looks_after_an_idle_connection_only) {
  HandDrivenDrain drain;
  drain.sender.tend();
  EXPECT_EQ(drain.script.tended, 1);
  drain.add("one");
  drain.send();
  drain.sender.tend();
  EXPECT_EQ(drain.script.tended, 1);
}

/// The owner of a channel has to know, but not every few seconds.
TEST(FrameSender, a_receiver_that_is_not_trusted_is_told_in_the_channel) {
  HandDrivenDrain drain;
  drain.add("one");
  SendReport untrusted = report_of(Verdict::kRetry, ErrorClass::kTls, "self-signed certificate");
  untrusted.untrusted = true;
  const auto lines = [&] { return drain.local().gauges().lines_appended; };
  const auto before = lines();
  for (int i = 0; i < 3; ++i) {
    drain.script.reports = {untrusted};
    drain.send();
  }
  EXPECT_EQ(lines(), before + 1);
  drain.pass(std::chrono::minutes(16));
  drain.script.reports = {untrusted};
  drain.send();
  EXPECT_EQ(lines(), before + 2);
  drain.script.reports = {report_of(Verdict::kDelivered), untrusted};
  drain.send();
  drain.add("two");
  const auto after = lines();
  drain.send();
  EXPECT_EQ(lines(), after + 1) << "it was trusted in between";
  Collector history;
  Reader reader(drain.local(), Retention::kNothing);
  ASSERT_TRUE(reader.attach(drain.channel));
  reader.seek(drain.first());
  reader.take(history);
  EXPECT_THAT(history.lines[1].text, HasSubstr("L14"));
  EXPECT_THAT(history.lines[1].text, HasSubstr("self-signed certificate"));
  EXPECT_THAT(history.lines[1].text, Not(HasSubstr("secret")));
}

}  // namespace
}  // namespace sluice::drains
