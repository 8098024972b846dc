#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "logplex/base/uuid.hpp"
#include "logplex/channel/fabric.hpp"
#include "logplex/ingress/token_cache.hpp"
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
  Intake(Shard& shard, ConfigFeed& feed, FabricShard& fabric);

  /// As many frames as are worth taking in together.
  static constexpr std::size_t kTogether = 16;
  /// Frames whose app-name fields are their tokens, at most kTogether. What leads to no channel is counted and dropped.
  void append_addressed(std::span<const std::string_view> frames);
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
  /// A frame on its way: what is known of it so far.
  struct Arrival {
    LineView line;
    std::string_view frame;
    std::optional<Uuid> token;
    const TokenEntry* entry;
    bool parsed;
  };

  void parse(Arrival& arrival, std::string_view frame);
  const TokenEntry* find(const Arrival& arrival);
  void append(const TokenEntry& token, Arrival& arrival);

  ConfigFeed& feed_;
  FabricShard& fabric_;
  TokenCache tokens_;
  std::array<Arrival, kTogether> arrivals_;
  TimestampCache now_text_;
  Duration delay_{};
  IntakeCounters counters_;
};

}  // namespace sluice
