#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "logplex/base/metrics.hpp"
#include "logplex/ingress/ingress_parts.hpp"
#include "logplex/ingress/ingress_pools.hpp"
#include "logplex/ingress/intake.hpp"
#include "logplex/model/decide/snapshot_editor.hpp"
#include "logplex/net/http/authorization.hpp"
#include "logplex/net/listener.hpp"
#include "logplex/net/secret_hash.hpp"
#include "logplex/runtime/memory_account.hpp"
#include "tests/support/raw_client.hpp"
#include "tests/support/running_shards.hpp"

namespace sluice::ingress {

/// A configuration made by hand: every shard sees it from the start.
class TestConfig {
 public:
  Uuid add_channel(const std::string& id, const std::string& token_name) {
    PutChannel channel;
    channel.id = id;
    channel.tokens = {{token_name, Uuid::random(rng_), rng_.next()}};
    const Uuid value = channel.tokens->front().value;
    apply(channel);
    return value;
  }
  void revoke(const std::string& channel, const Uuid& value) {
    apply(RevokeToken{channel, config.token(value)->token.id});
  }
  void add_credential(const std::string& id, const std::string& password, bool any_channel) {
    Credential credential;
    credential.id = id;
    credential.hash = hash_secret(password);
    credential.any_channel = any_channel;
    SnapshotEditor(config, slots_, changed_).apply({EntryKind::kCredential, id, Entry(credential)});
  }
  /// A key whose text is its name. Without channels it is for all.
  void add_key(const std::string& name, Scope scope, const std::vector<std::string>& channels) {
    ApiKey key;
    key.id = key.name = name;
    key.hash = hash_secret(name);
    key.scopes.add(scope);
    if (!channels.empty()) key.channels.emplace();
    for (const auto& id : channels) key.channels->push_back({id, config.channel(id)->channel.incarnation});
    SnapshotEditor(config, slots_, changed_).apply({EntryKind::kApiKey, name, Entry(key)});
  }

  ConfigSnapshot config = SnapshotEditor::empty(slots_);

 private:
  void apply(const Change& change) {
    const auto effects = decide(config, change, {});
    ASSERT_TRUE(effects.has_value()) << effects.error().message;
    SnapshotEditor editor(config, slots_, changed_);
    for (const auto& effect : effects->list) editor.apply(effect);
  }

  SeededRng rng_{5};
  SlotSequence slots_;
  ChangedKeys changed_;
};

/// "LEN FRAME".
inline std::string counted(const std::string& frame) { return std::to_string(frame.size()) + " " + frame; }

inline std::string line(const std::string& app, const std::string& text) {
  return counted("<190>1 2026-01-02T03:04:05.000006+00:00 host " + app + " web.1 - - " + text);
}

inline std::string base64(const std::string& text) {
  static constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < text.size(); i += 3) {
    unsigned bits = 0;
    for (std::size_t k = 0; k < 3; ++k)
      bits = bits << 8 | (i + k < text.size() ? static_cast<unsigned char>(text[i + k]) : 0U);
    for (int shift = 18; shift >= 0; shift -= 6) out += kDigits[bits >> shift & 63];
    for (std::size_t k = text.size() - i; k < 3; ++k) out[out.size() - (3 - k)] = '=';
  }
  return out;
}

/// All kinds of ingress on real shards and sockets, over a fabric; without store and daemon.
class IngressTest : public ::testing::Test {
 protected:
  static constexpr std::uint32_t kShards = 2;
  static constexpr std::uint64_t kConnections = 100;

  IngressTest() {
    settings.ack = "memory";
    settings.max_delay = std::chrono::seconds(1);
    settings.header_max = 16_KiB;
    settings.body_max = Bytes{8'000'000};
    settings.frame_max = Bytes{10240};
    settings.request_timeout = std::chrono::seconds(60);
    settings.idle_timeout = std::chrono::seconds(5);
    limits.ingress_unproven = {20, Portion::Unit::kPercent};
    limits.ingress_proof_time = std::chrono::seconds(60);
    token = config.add_channel("app-one", "app");
    other_token = config.add_channel("app-two", "heroku");
    config.add_credential("writer", "pass:word", true);
    config.add_credential("reader", "password", false);
  }
  ~IngressTest() override {
    if (parts.empty()) return;
    shards.await(0, table->stop_accepting());
    for (std::uint32_t id = 0; id < kShards; ++id) {
      shards.on(id, [&] { parts[id]->ingress.cancel(); });
      shards.await(id, parts[id]->ingress.finished());
    }
    shards.stop();
    table.reset();
    for (auto& part : parts) {
      const ShardScope on(part->shard);
      part.reset();
    }
  }

  struct Part {
    Part(IngressTest& test, Shard& s, const Settings& settings)
        : shard(s),
          feed(s, test.config.config),
          intake(s, feed, test.fabric.shard(s.id())),
          ingress(s, settings, intake, *test.pools) {}
    Shard& shard;
    ConfigFeed feed;
    Intake intake;
    IngressParts ingress;
  };

  void start() {
    Settings all;
    all.ingress = settings;
    all.ingress.max_connections = kConnections;
    all.limits = limits;
    pools = std::make_unique<IngressPools>(kShards, all, kinds);
    for (std::uint32_t id = 0; id < kShards; ++id) {
      const ShardScope on(shards.runtime.shard(id));
      fabric.shard(id).start();
      for (const char* channel : {"app-one", "app-two"})
        fabric.shard(id).open_channel(config.config.channel(channel)->slot, channel);
      parts.push_back(std::make_unique<Part>(*this, shards.runtime.shard(id), all));
    }
    table = std::make_unique<ListenerTable>(shards.runtime);
    for (const IngressKind& kind : kinds) {
      ASSERT_TRUE(table->open(std::string(kind.setting), "127.0.0.1:0", kConnections).has_value());
      table->handle(kind.setting,
                    {parts[0]->ingress.handler_of(kind.setting), parts[1]->ingress.handler_of(kind.setting)});
    }
    table->start();
    shards.start();
  }
  std::uint16_t port(const char* setting) { return table->ports().at(setting).at(0); }

  /// What a reader of the channel's history finds: "source process text" of each line.
  std::vector<std::string> lines(const char* channel) {
    return read(channel, [](const RecordView& record) {
      return std::string(record.source_and_process()) + " " + std::string(record.text());
    });
  }
  /// All of each line.
  std::vector<std::string> records(const char* channel) {
    return read(channel, [](const RecordView& record) { return std::string(record.fields_and_text()); });
  }
  std::vector<std::string> read(const char* channel, std::string (*show)(const RecordView&)) {
    struct Visitor final : LineVisitor {
      bool on_line(ChannelSlot, Seq, const RecordView& record) override {
        seen.push_back(show(record));
        return true;
      }
      void on_loss(const Losses&) override { seen.emplace_back("LOSS"); }
      std::string (*show)(const RecordView&) = nullptr;
      std::vector<std::string> seen;
    } visitor;
    visitor.show = show;
    struct History final : Subscription {
      using Subscription::Subscription;
      void on_news() override {}
    };
    const ChannelSlot slot = config.config.channel(channel)->slot;
    const std::uint32_t owner = fabric.shard(0).owner_of(slot);
    shards.on(owner, [&] {
      History history(fabric.shard(owner), Retention::kNothing);
      ASSERT_TRUE(history.attach(slot).has_value());
      history.seek(history.history_start());
      history.take(visitor);
    });
    return visitor.seen;
  }
  IntakeCounters counters() {
    IntakeCounters sum;
    for (std::uint32_t id = 0; id < kShards; ++id) {
      const IntakeCounters one = shards.on(id, [&] { return parts[id]->intake.counters(); });
      sum.lines += one.lines;
      sum.no_token += one.no_token;
      sum.unknown_token += one.unknown_token;
      sum.loops += one.loops;
      sum.malformed += one.malformed;
      sum.wrapped += one.wrapped;
      sum.too_long += one.too_long;
    }
    return sum;
  }
  /// The page of intake and parts, summed over the shards.
  std::string metrics() {
    MetricsPage page;
    for (std::uint32_t id = 0; id < kShards; ++id) {
      shards.on(id, [&] {
        parts[id]->intake.add_metrics(page);
        parts[id]->ingress.add_metrics(page);
      });
    }
    return page.text();
  }
  /// One value of it; -1 when it has none of that name.
  double metric(const std::string& name) {
    const std::string text = "\n" + metrics();
    const std::size_t at = text.find("\n" + name + " ");
    return at == std::string::npos ? -1 : std::stod(text.substr(at + name.size() + 2));
  }
  std::uint64_t refused(Refusal why) {
    std::uint64_t sum = 0;
    for (std::uint32_t id = 0; id < kShards; ++id)
      sum += shards.on(id, [&] { return parts[id]->intake.refusals().of(why); });
    return sum;
  }
  static std::string text_of(const Uuid& value) { return "t." + value.str(); }

  IngressSettings settings;
  LimitSettings limits;
  std::vector<IngressKind> kinds{ingress_kinds().begin(), ingress_kinds().end()};
  std::unique_ptr<IngressPools> pools;
  TestConfig config;
  Uuid token;
  Uuid other_token;
  RunningShards shards{kShards};
  /// Roomy: the budget is split by use each second, and a shard that had none keeps an eighth.
  Fabric fabric{shards.runtime, {256_MiB, 100'000, {}}, std::chrono::seconds(1), {0x77, 1}};
  std::vector<std::unique_ptr<Part>> parts;
  std::unique_ptr<ListenerTable> table;
};

}  // namespace sluice::ingress
