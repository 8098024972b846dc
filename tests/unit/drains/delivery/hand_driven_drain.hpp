#pragma once

#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "drains/delivery/drain_cursor.hpp"
#include "drains/delivery/frame_memory.hpp"
#include "drains/delivery/frame_queue.hpp"
#include "drains/delivery/frame_sender.hpp"
#include "drains/delivery/frame_writer.hpp"
#include "drains/kinds/framed_encoder.hpp"
#include "tests/unit/drains/drain_fixture.hpp"
#include "tests/unit/logplex/channel/fabric_fixture.hpp"

// The parts of a drain, without sockets and threads.

namespace sluice::drains {

/// Texts, each with a newline behind it; notices as "L10".
struct TextEncoder final : Encoder {
  void append(const RecordView& line, std::string& body) const override {
    body += line.text().find("Error L10") == std::string_view::npos ? line.text() : "L10";
    body += '\n';
  }
  std::size_t target_bytes() const override { return 1000; }
  std::optional<std::pair<Frame, Frame>> split(const Frame& frame) const override { return split_at_newlines(frame); }
};

/// A receiver whose answers the test decides. Unless `verdicts` says otherwise, frames are sent and stay unconfirmed.
struct ScriptedTransport final : Transport, private Windowed {
  /// Outlives the transport.
  struct Script {
    std::deque<SendReport> reports;
    std::vector<std::string> sent;
    std::size_t window = 4;
    bool windowed = true;
    std::size_t confirmed = 0;  // not taken yet
    std::size_t arrived = 0;
    Refused refused;
    std::optional<Trouble> trouble;
    std::optional<SendReport> broken;
    std::uint64_t held = 0;
    bool takes_at_once = true;
    FrameSender* closes_itself = nullptr;  // is closed while it sends
    int closed = 0;
    int tended = 0;
  };
  explicit ScriptedTransport(Script& script) : script_(script) {}

  Task<SendReport> send(const Frame& frame) override {
    script_.sent.emplace_back(frame.bytes());
    if (script_.closes_itself != nullptr) script_.closes_itself->close();
    SendReport report;
    report.verdict = Verdict::kSent;
    if (!script_.reports.empty()) {
      report = std::move(script_.reports.front());
      script_.reports.pop_front();
    }
    co_return report;
  }
  Windowed* windowed() override { return script_.windowed ? this : nullptr; }
  void tend() override { ++script_.tended; }
  void close() override { ++script_.closed; }

 private:
  bool send_now(const Frame& frame) override {
    if (script_.takes_at_once) script_.sent.emplace_back(frame.bytes());
    return script_.takes_at_once;
  }
  std::size_t window() const override { return script_.window; }
  std::size_t take_confirmed() override { return std::exchange(script_.confirmed, 0); }
  std::size_t arrived() const override { return script_.arrived; }
  Refused take_refused() override { return std::exchange(script_.refused, {}); }
  bool broken() const override { return script_.broken.has_value(); }
  SendReport break_report() const override { return *script_.broken; }
  std::optional<Trouble> trouble() const override { return script_.trouble; }
  std::uint64_t held_bytes() const override { return script_.held; }

  Script& script_;
};

inline SendReport report_of(Verdict verdict, ErrorClass error_class = ErrorClass::kNone, std::string error = "") {
  SendReport report;
  report.verdict = verdict;
  report.error_class = error_class;
  report.error = std::move(error);
  return report;
}

/// The parts of a drain of one channel, on a shard whose turns and time the test decides.
struct HandDrivenDrain : HandDriven {
  explicit HandDrivenDrain(Bytes budget = 64_MiB) : HandDriven(1, budget) {
    writer.use(std::make_unique<TextEncoder>(), true);
    sender.use(std::make_unique<ScriptedTransport>(script), wake);
    EXPECT_TRUE(cursor.attach(channel));
  }

  static DrainEntry entry_to(ChannelSlot channel) {
    DrainEntry entry;
    entry.drain = drain_to("http://user:secret@host/path");
    entry.channel = channel;
    return entry;
  }
  /// Makes one frame of what the channel has.
  bool gather() { return cursor.gather(frames, writer.target_bytes(), work); }
  /// Makes one frame of one line.
  void add(std::string_view text) {
    append(channel, text);
    turns(1);
    EXPECT_TRUE(gather());
  }
  FrameSender::Progress send() {
    auto progress = FrameSender::Progress::kFull;
    gate.spawn(send_one(*this, progress));
    turns();
    EXPECT_EQ(gate.running(), 0u);
    return progress;
  }
  Ledger ledger() const {
    Ledger ledger;
    cursor.add_to(ledger);
    frames.add_to(ledger);
    account.add_to(ledger);
    EXPECT_EQ(ledger.offered, ledger.filtered + ledger.delivered + ledger.dropped_total() + ledger.pending_lines);
    return ledger;
  }
  std::uint64_t dropped(LossReason reason) const { return ledger().dropped[static_cast<std::size_t>(reason)]; }
  std::vector<std::string> bodies() const {
    std::vector<std::string> bodies;
    for (const Frame& frame : frames.frames()) bodies.emplace_back(frame.bytes());
    return bodies;
  }
  /// Charges so much memory of others that frames take more than this part of the budget, in eighths.
  void charge_others(int eighths) {
    const auto bytes = static_cast<std::int64_t>(local().budget_bytes() / 8) * eighths + 1;
    memory.bodies.charge(bytes - others);
    others = bytes;
  }

  static Task<void> send_one(HandDrivenDrain& drain, FrameSender::Progress& progress) {
    const SendReport report = co_await drain.sender.send_next();
    progress = drain.sender.settle(report);
  }

  Shard& shard = runtime.shard(0);
  const DrainSettings settings = default_settings();
  Resolver resolver;
  AddressGuard guard = AddressGuard::parse({"127.0.0.1"}).value();
  Dialer dialer{shard, resolver, guard};
  Lane tls_lane{"tls", 1, 16};
  const DrainEnvironment environment{shard, dialer, settings, nullptr, tls_lane, "Logplex/test"};
  FrameMemory memory{environment, local()};
  std::int64_t others = 0;
  const ChannelSlot channel = open();
  const DrainEntry entry = entry_to(channel);
  Event wake{shard};
  ScriptedTransport::Script script;
  DeliveryAccount account{shard.wall_now(), memory.delivered_lines};
  FrameWriter writer{local(), entry.drain};
  DrainCursor cursor{shard, local(), settings.flush_window, writer, account, wake};
  FrameQueue frames{shard, memory.bodies, cursor, writer, account};
  FrameSender sender{shard, settings, frames, account, UntrustedNotice(shard, local(), entry)};
  TaskWork work{shard, {Beneficiary::Kind::kChannel, 0}};
  Gate gate{shard, "test"};
};

}  // namespace sluice::drains
