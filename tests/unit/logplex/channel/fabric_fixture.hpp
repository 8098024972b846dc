#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "logplex/channel/fabric.hpp"

namespace sluice {

/// A channel id that this shard owns; different for each number.
inline std::string id_on(std::uint32_t shard, std::uint32_t shards, unsigned number) {
  for (unsigned salt = 0;; ++salt) {
    std::string id = "channel-" + std::to_string(number) + "-" + std::to_string(salt);
    if (FixedPlacement(shard, shards).owner_of_channel(id).shard == shard) return id;
  }
}

/// A fabric over shards without threads: the test makes them turn and decides the time. The test's body is on shard 0.
struct HandDriven {
  explicit HandDriven(std::uint32_t shards, Bytes budget = 64_MiB, std::uint64_t history = 1500,
                      std::uint32_t epoch = 3, FabricSeams seams = {})
      : runtime(shards, clock),
        scope(runtime.shard(0)),
        fabric(runtime, {budget, history, {}}, std::chrono::seconds(1), {0x1234, epoch}, std::move(seams)) {
    for (std::uint32_t id = 0; id < shards; ++id) fabric.shard(id).start();
  }

  ChannelSlot open(std::uint32_t owner = 0) { return open(id_on(owner, runtime.size(), next_slot)); }
  ChannelSlot open(const std::string& id) {
    const ChannelSlot slot{next_slot++};
    for (std::uint32_t i = 0; i < runtime.size(); ++i) {
      ShardScope on(runtime.shard(i));
      fabric.shard(i).open_channel(slot, id);
    }
    return slot;
  }
  void close(ChannelSlot slot) {
    for (std::uint32_t i = 0; i < runtime.size(); ++i) {
      ShardScope on(runtime.shard(i));
      fabric.shard(i).close_channel(slot);
    }
  }
  void append(ChannelSlot slot, std::string_view text, std::uint32_t from = 0) {
    ShardScope on(runtime.shard(from));
    LineView line;
    line.received = clock.wall();
    line.time = "2026-01-02T03:04:05Z";
    line.host = "host";
    line.source = "app";
    line.process = "web.1";
    line.text = text;
    fabric.shard(from).append(slot, line);
  }
  void append_many(ChannelSlot slot, int lines, std::size_t text_size = 100) {
    const std::string text(text_size, 'x');
    for (int i = 0; i < lines; ++i) append(slot, text);
  }
  void turns(int n = 4) {
    for (int i = 0; i < n; ++i) {
      for (std::uint32_t id = 0; id < runtime.size(); ++id) runtime.shard(id).turn();
    }
  }
  void pass(Duration time) {
    clock.advance(time);
    turns();
  }
  FabricShard& local() { return fabric.shard(0); }
  Seq first() const { return fabric.identity().first_seq(); }

  ManualClock clock;
  Runtime runtime;
  ShardScope scope;
  Fabric fabric;
  std::uint32_t next_slot = 0;
};

/// Keeps what it visits.
struct Collector final : LineVisitor {
  struct Got {
    ChannelSlot channel;
    Seq seq;
    std::string text;
  };
  bool on_line(ChannelSlot channel, Seq seq, const RecordView& line) override {
    if (lines.size() >= stop_at) return false;
    lines.push_back({channel, seq, std::string(line.text())});
    events += 'l';
    return true;
  }
  void on_loss(const Losses& loss) override {
    losses.push_back(loss);
    events += 'x';
  }
  std::vector<Got> lines;
  std::vector<Losses> losses;
  std::string events;  // l = line, x = loss, in order
  std::size_t stop_at = ~std::size_t{0};
};

/// Counts what it is told and takes nothing by itself.
struct Reader final : Subscription {
  using Subscription::Subscription;
  void on_news() override { ++news; }
  void on_closed() override { ++closed; }
  bool adds_up() const { return offered() == taken() + lost().total() + pending_lines(); }
  int news = 0;
  int closed = 0;
};

}  // namespace sluice
