#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "logplex/base/uuid.hpp"
#include "logplex/channel/fabric.hpp"
#include "logplex/store/config_feed.hpp"
#include "logplex/wire/timestamp.hpp"

namespace sluice {

class MetricsPage;

struct IntakeCounters {
  std::uint64_t lines = 0;          // appended
  std::uint64_t bytes = 0;          // of their frames
  std::uint64_t wrapped = 0;        // of these: not RFC 5424, kept as text
  std::uint64_t no_token = 0;       // dropped: the app-name field holds no token
  std::uint64_t unknown_token = 0;  // dropped: no channel has that token
  std::uint64_t malformed = 0;      // items that were not octet-counted frames
};

/// Where frames of every kind of ingress become lines of a channel: parsed once, for what routing needs, and appended.
/// The source of a line is always its token's name. One per shard, on that shard; feed and fabric outlive it.
class Intake : public OnShard {
 public:
  Intake(Shard& shard, ConfigFeed& feed, FabricShard& fabric) : OnShard(shard), feed_(feed), fabric_(fabric) {}

  /// A frame whose app-name field is its token. What leads to no channel is counted and dropped.
  void append_addressed(std::string_view frame);
  /// A frame of a sender who has proved which token it has; whatever its app-name field holds.
  void append_as(const TokenEntry& token, std::string_view frame);
  void count_malformed() { ++counters_.malformed; }

  /// The longest pause asked for (FabricShard::ingress_delay) since the last call; lines for congested channels ask.
  Duration take_delay();

  const ConfigSnapshot& config() const { return feed_.current(); }
  FabricShard& fabric() { return fabric_; }
  const IntakeCounters& counters() const { return counters_; }
  void add_metrics(MetricsPage& page) const;

 private:
  void append(const TokenEntry& token, std::string_view frame, std::optional<LineView> line);

  ConfigFeed& feed_;
  FabricShard& fabric_;
  TimestampCache now_text_;
  Duration delay_{};
  IntakeCounters counters_;
};

}  // namespace sluice
