#pragma once

#include <stdlib.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <boost/json/parse.hpp>

#include "logplex/api/api_shard.hpp"
#include "logplex/api/calls/drain_control.hpp"
#include "logplex/api/calls/node_status.hpp"
#include "logplex/runtime/working_for.hpp"
#include "tests/support/moving_placement.hpp"
#include "tests/support/raw_client.hpp"
#include "tests/support/running_shards.hpp"

namespace sluice::api {

/// Answers for drains as if each had been offered what the test says.
class ScriptedDrains final : public DrainControl {
 public:
  Task<DrainReport> report(std::uint64_t) override { co_return script; }
  Task<result<DrainTest, Error>> test(std::uint64_t) override {
    DrainTest test;
    test.delivered = true;
    test.http_status = 204;
    co_return test;
  }
  Task<result<void, Error>> skip_pending(std::uint64_t) override {
    ++skipped;
    co_return result<void, Error>();
  }
  Task<std::vector<UnhealthyDrain>> unhealthy(std::size_t limit, MaySee may_see) override {
    std::vector<UnhealthyDrain> seen;
    for (const UnhealthyDrain& drain : ill)
      if (seen.size() < limit && may_see(channel_of[drain.id])) seen.push_back(drain);
    co_return seen;
  }

  DrainReport script;
  std::vector<UnhealthyDrain> ill;
  std::map<std::uint64_t, std::string> channel_of;  // of those; empty = global
  std::atomic<int> skipped{0};
};

class ScriptedStatus final : public NodeStatus {
 public:
  Task<NodeReport> report() override {
    asked_for = WorkingFor::take_last();
    NodeReport report;
    report.node = "n1";
    report.version = "test";
    report.ingress_http = "127.0.0.1:8601";
    co_return report;
  }

  Beneficiary asked_for;  // whom the shard worked for when it asked
};

/// Opens channels as the program does.
class TestChannels final : public ConfigObserver {
 public:
  explicit TestChannels(FabricShard& fabric) : fabric_(fabric) {}
  void on_config(const ConfigSnapshot& config, const ChangedKeys& changed) override {
    if (changed.everything)
      config.for_each_channel([this](const ChannelEntry& e) { fabric_.open_channel(e.slot, e.channel.id); });
    for (const auto& key : changed.channels) {
      const auto* entry = config.channel(key.id);
      const bool there = entry != nullptr && entry->slot == key.slot;
      there ? fabric_.open_channel(key.slot, key.id) : fabric_.close_channel(key.slot);
    }
  }

 private:
  FabricShard& fabric_;
};

/// An HTTP answer as the test sees it.
struct Seen {
  int status = 0;
  std::string head;  // with the status line, header names as sent
  std::string body;

  boost::json::value json() const { return boost::json::parse(body); }
  std::string header(std::string_view name) const;
  std::string error() const { return std::string(std::string_view(json().at("error").as_string())); }
};

/// The API with the embedded store in a temporary directory and the real fabric, on two shards with real sockets.
class ApiNode {
 public:
  static constexpr std::uint32_t kShards = 2;
  static constexpr const char* kKey = "the-node-key";

  explicit ApiNode(FabricSettings fabric = default_fabric(), ApiSettings settings = default_settings(),
                   ConfigLimits limits = {}, MakeReader reader = read_from_memory);
  ~ApiNode();

  static FabricSettings default_fabric();
  static ApiSettings default_settings();

  std::uint16_t port() { return table_.ports().at("api.listen").at(0); }
  /// One request on a connection of its own, with the node's key unless `key` says otherwise (empty = none).
  Seen call(std::string method, std::string path, std::string body = {}, std::vector<std::string> headers = {},
            std::string key = std::string("Bearer ") + kKey);
  /// PUTs the channel.
  void make_channel(const std::string& id);
  /// Appends `count` lines "n<first>", ... on some shard, and waits until they are with the owner.
  void append(const std::string& channel, std::uint64_t first, std::uint64_t count, std::string process = "web.1",
              std::string source = "app", std::size_t padding = 0);
  /// Connects and sends a GET; the answer is the test's to read.
  RawClient get(const std::string& path, std::vector<std::string> headers = {});
  /// Every shard learns that the channel has another owner.
  void move(const std::string& channel, Owner to);
  std::string metrics();
  std::size_t open_sources();
  std::string route_name(std::uint32_t number) { return api_->shard(0).route_name(number); }

  RunningShards shards{kShards};
  ScriptedDrains drains;
  ScriptedStatus status;

 private:
  std::string directory_;
  std::unique_ptr<Store> store_;
  MovingPlacements placements_;
  std::unique_ptr<Fabric> fabric_;
  std::vector<std::unique_ptr<TestChannels>> openers_;
  ApiSettings settings_;
  std::unique_ptr<Api> api_;
  std::vector<std::unique_ptr<HttpServer>> servers_;
  ListenerTable table_{shards.runtime};
};

/// Reads a chunked body to its end or until `enough(body)`; returns the body without chunk framing.
class StreamReader {
 public:
  explicit StreamReader(RawClient& client) : client_(client) {}

  /// The head, up to the empty line.
  const std::string& head();
  /// The next piece of the body; empty at the end.
  std::string next();
  /// Reads on until the text was seen in the body (which is returned), or the end.
  const std::string& until(std::string_view text);
  const std::string& all();
  const std::string& body() const { return body_; }

 private:
  RawClient& client_;
  std::string head_;
  std::string body_;
  bool ended_ = false;
};

}  // namespace sluice::api
