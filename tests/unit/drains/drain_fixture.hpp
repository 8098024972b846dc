#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "drains/delivery/drain_runner.hpp"
#include "drains/kafka/kafka_hub.hpp"
#include "drains/kinds/transport.hpp"
#include "logplex/base/files.hpp"
#include "logplex/base/settings.hpp"
#include "logplex/wire/notice.hpp"
#include "tests/support/raw_client.hpp"
#include "tests/support/running_shards.hpp"
#include "tests/support/test_certificates.hpp"

namespace sluice::drains {

inline const Uuid kDrainUuid = *Uuid::parse("6ba7b810-9dad-41d1-80b4-00c04fd430c8");
inline const std::string kDrainToken = "d.6ba7b810-9dad-41d1-80b4-00c04fd430c8";

inline DrainSettings default_settings() {
  SystemFiles files;
  DrainSettings settings = load_settings({}, files).value().drains;
  // Patient, for machines that are busy and programs that are instrumented; quick to try again.
  settings.http_connect_timeout = settings.http_timeout = std::chrono::seconds(60);
  settings.syslog_connect_timeout = settings.syslog_send_timeout = std::chrono::seconds(60);
  settings.backoff_min = std::chrono::milliseconds(20);
  settings.backoff_max = std::chrono::milliseconds(100);
  return settings;
}

inline Drain drain_to(std::string url) {
  Drain drain;
  drain.id = 7;
  drain.token = kDrainUuid;
  drain.channel = "app";
  drain.url = Secret(std::move(url));
  return drain;
}

inline LineView line_of(std::string_view text) {
  LineView line;
  line.pri = 190;
  line.received = WallTime(std::chrono::microseconds(1767323045678901));
  line.time = "2026-01-02T03:04:05Z";
  line.host = "web7";
  line.source = "app";
  line.process = "web.1";
  line.text = text;
  return line;
}

inline SharedOfKinds shared_of_kinds(const AddressGuard& guard, std::chrono::seconds kafka_stall_limit) {
  SharedOfKinds out;
  out.put(kafka_kind(), std::make_unique<KafkaHub>(guard, KafkaHub::Shares{8, 4}, kafka_stall_limit));
  return out;
}

/// One running shard, a fabric on it, and everything that a transport needs. Loopback is allowed unless told otherwise.
struct DrainWorld {
  explicit DrainWorld(const std::vector<std::string>& allow = {"127.0.0.0/8"},
                      DrainSettings drain_settings = default_settings(),
                      std::chrono::seconds kafka_stall_limit = KafkaProducer::kStallLimit)
      : settings(std::move(drain_settings)),
        guard(AddressGuard::parse(allow).value()),
        shared(shared_of_kinds(guard, kafka_stall_limit)),
        kafka(static_cast<KafkaHub&>(*shared.of(kafka_kind()))),
        environment{shards.runtime.shard(0), dialer, settings, default_tls(), tls_lane, "Logplex/test", &shared},
        fabric(shards.runtime, {64_MiB, 1500, {}}, std::chrono::seconds(1), {0x1234, 3}) {
    shards.start();
    shards.on(0, [this] {
      fabric.shard(0).start();
      fabric.shard(0).open_channel(channel, "app");
      memory = std::make_unique<FrameMemory>(environment, fabric.shard(0));
    });
  }
  ~DrainWorld() {
    shards.on(0, [this] { memory.reset(); });
    shards.stop();
  }

  static std::shared_ptr<const TlsContext> default_tls() { return TlsContext::make({}).value(); }

  void append(const std::string& text) {
    shards.on(0, [&] { fabric.shard(0).append(channel, line_of(text)); });
  }

  const DrainSettings settings;
  RunningShards shards;
  Resolver resolver;
  AddressGuard guard;
  Dialer dialer{shards.runtime.shard(0), resolver, guard};
  Lane tls_lane{"tls", 1, 16};
  const SharedOfKinds shared;
  KafkaHub& kafka;
  const DrainEnvironment environment;
  Fabric fabric;
  std::unique_ptr<FrameMemory> memory;
  ChannelSlot channel{0};
};

/// A transport that lives on the world's shard.
class TransportOnShard {
 public:
  TransportOnShard(DrainWorld& world, const Drain& drain) : world_(world) {
    world_.shards.on(0, [&] { transport_ = std::move(make_transport(drain, world_.environment).value()); });
  }
  ~TransportOnShard() {
    world_.shards.on(0, [this] { transport_.reset(); });
  }

  SendReport send(const Frame& frame) { return world_.shards.await(0, transport_->send(frame)); }
  template <class F>
  auto on_shard(F f) {
    return world_.shards.on(0, [&] { return f(*transport_); });
  }

 private:
  DrainWorld& world_;
  std::unique_ptr<Transport> transport_;
};

/// A drain of the world's channel that runs while this lives.
class RunnerOnShard {
 public:
  RunnerOnShard(DrainWorld& world, Drain drain, const DrainOwed& owed = {}) : world_(world) {
    entry_.drain = std::move(drain);
    entry_.channel = world.channel;
    entry_.changed_at = 1;
    world_.shards.on(0, [&] {
      runner_ = std::make_unique<DrainRunner>(world_.environment, world_.fabric.shard(0), *world_.memory, entry_);
      runner_->start(owed);
    });
  }
  ~RunnerOnShard() {
    stop();
    world_.shards.on(0, [this] { runner_.reset(); });
  }

  void stop() {
    world_.shards.on(0, [this] { runner_->cancel(); });
    world_.shards.await(0, runner_->stopped());
  }

  /// Also checks that the account adds up.
  Ledger ledger() {
    const Ledger ledger = world_.shards.on(0, [this] { return runner_->ledger(); });
    EXPECT_EQ(ledger.offered, ledger.filtered + ledger.delivered + ledger.dropped_total() + ledger.pending_lines);
    return ledger;
  }
  /// Waits until the account is as wanted.
  template <class Condition>
  bool reaches(Condition condition) {
    return eventually([&] { return condition(ledger()); });
  }
  bool delivers(std::uint64_t lines) {
    return reaches([lines](const Ledger& ledger) { return ledger.delivered == lines; });
  }
  void change(Drain drain) {
    entry_.drain = std::move(drain);
    ++entry_.changed_at;
    world_.shards.on(0, [this] { runner_->change(entry_); });
  }
  void pause(bool paused) {
    entry_.drain.paused = paused;
    world_.shards.on(0, [this] { runner_->change(entry_); });
  }
  template <class F>
  auto on_shard(F f) {
    return world_.shards.on(0, [&] { return f(*runner_); });
  }
  DrainRunner& runner() { return *runner_; }

 private:
  DrainWorld& world_;
  DrainEntry entry_;
  std::unique_ptr<DrainRunner> runner_;
};

inline Frame frame_of(std::string body, std::uint64_t lines = 1) {
  Frame frame;
  frame.body = std::move(body);
  frame.lines = lines;
  frame.id.fill('A');
  return frame;
}

inline std::string url_of(const RawListener& listener, const std::string& scheme, const std::string& rest = "") {
  return scheme + "://127.0.0.1:" + std::to_string(listener.port()) + rest;
}

inline std::string answer(int status, const std::string& headers = "") {
  return "HTTP/1.1 " + std::to_string(status) + " Status\r\n" + headers + "Content-Length: 0\r\n\r\n";
}

}  // namespace sluice::drains
