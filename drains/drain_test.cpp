#include "drains/drain_test.hpp"

#include "drains/kinds/encoder.hpp"
#include "logplex/runtime/event.hpp"
#include "logplex/wire/notice.hpp"
#include "logplex/wire/timestamp.hpp"

namespace sluice::drains {
namespace {

/// How long to wait for the receiver's confirmation, and how often to check for it.
constexpr std::chrono::seconds kConfirmTime{5};
constexpr std::chrono::milliseconds kConfirmPoll{8};
constexpr std::uint8_t kLocal5Info = 174;

Frame test_frame(const Encoder& encoder, Shard& shard) {
  const std::string now = timestamp(shard.wall_now());
  LineView line;
  line.pri = kLocal5Info;
  line.received = shard.wall_now();
  line.time = now;
  line.host = "host";
  line.source = "heroku";
  line.process = "logplex";
  line.text = "Sluice test line: this drain works.\n";
  const OwnedRecord record(line);
  Frame frame;
  encoder.append(record.view(), frame.body);
  frame.lines = 1;
  set_part_id(frame, frame, shard.rng().next());
  return frame;
}

Task<bool> confirmed(Windowed& transport) {
  const SteadyTime until = Shard::current().now() + kConfirmTime;
  while (Shard::current().now() < until) {
    if (transport.take_confirmed() > 0) co_return true;
    if (transport.broken()) co_return false;
    co_await sleep_for(kConfirmPoll);
  }
  co_return false;
}

SendReport unconfirmed(const Windowed& transport) {
  if (transport.broken()) return transport.break_report();
  SendReport report;
  auto trouble = transport.trouble();
  report.error_class = trouble ? trouble->error_class : ErrorClass::kTimeout;
  report.error = trouble ? std::move(trouble->sentence) : "the receiver confirmed nothing in time";
  return report;
}

DrainTestReport unusable(const Error& error) {
  DrainTestReport report;
  report.sent.verdict = Verdict::kFatal;
  report.sent.error_class = ErrorClass::kConfiguration;
  report.sent.error = error.text();
  return report;
}

}  // namespace

Task<DrainTestReport> test_drain(const DrainEnvironment& environment, Drain drain) {
  auto encoder = make_encoder(drain, environment.settings, nullptr, environment.own);
  if (!encoder) co_return unusable(encoder.error());
  auto transport = make_transport(drain, environment);
  if (!transport) co_return unusable(transport.error());
  DrainTestReport report;
  const Frame frame = test_frame(**encoder, environment.shard);
  const SteadyTime before = environment.shard.clock().steady();
  report.sent = co_await (*transport)->send(frame);
  report.delivered = report.sent.verdict == Verdict::kDelivered;
  if (Windowed* windowed = (*transport)->windowed()) {
    if (report.sent.verdict == Verdict::kSent) report.delivered = co_await confirmed(*windowed);
    const bool open = report.sent.verdict == Verdict::kSent || report.sent.verdict == Verdict::kLater;
    if (open && !report.delivered) report.sent = unconfirmed(*windowed);
  }
  report.latency = environment.shard.clock().steady() - before;
  if (const TlsFacts* facts = (*transport)->tls()) report.tls = *facts;
  (*transport)->close();
  co_return report;
}

}  // namespace sluice::drains
