#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "logplex/base/uuid.hpp"
#include "logplex/channel/fabric.hpp"
#include "logplex/ingress/line_ways.hpp"
#include "logplex/ingress/refusals.hpp"
#include "logplex/ingress/token_cache.hpp"
#include "logplex/store/config_feed.hpp"
#include "logplex/wire/syslog_parse.hpp"
#include "logplex/wire/timestamp.hpp"

namespace sluice {
class MetricsPage;
class Store;
}  // namespace sluice

namespace sluice::ingress {

struct IntakeCounters {
  std::uint64_t lines = 0;          // appended
  std::uint64_t bytes = 0;          // of their frames
  std::uint64_t wrapped = 0;        // of these: not RFC 5424, kept as text
  std::uint64_t no_token = 0;       // dropped: the app-name field holds no token
  std::uint64_t unknown_token = 0;  // dropped: no channel has that token
  std::uint64_t loops = 0;          // dropped: they have been here before
  std::uint64_t malformed = 0;      // items that were not messages, those that were too long among them
  std::uint64_t too_long = 0;       // messages over ingress.frame_max
};

/// Where messages of every kind of ingress become lines of a channel: parsed once, for what routing needs, and
/// appended. The source of a line is always its token's name, and a token that can write never stands in a line: where
/// a sender has put it into another header field, or the message cannot be parsed, its name stands in its place. One
/// per shard, on that shard; feed and fabric outlive it.
class Intake : public OnShard {
 public:
  /// `store`: when other nodes may share it, their lines are ours, too. Outlives it.
  Intake(Shard& shard, ConfigFeed& feed, FabricShard& fabric, Duration log_interval = std::chrono::seconds(60),
         const Store* store = nullptr);

  /// As many messages as are worth taking in together.
  static constexpr std::size_t kTogether = 16;
  /// TCP syslog: messages whose app-name fields are their tokens, at most kTogether. What leads to no channel is
  /// counted and dropped. Returns how many led to one.
  std::size_t append_addressed(std::span<const std::string_view> messages);

  /// POST /logs: what a message says, for a sender who has proved whose lines it brings; whatever its app-name field
  /// holds. The views last until the next call.
  const LineView& read_as(std::string_view source, std::string_view message);
  /// The token in the message's app-name field; none when it holds none.
  std::optional<Uuid> token_of(std::string_view message);
  const TokenEntry* find(const Uuid& token) { return tokens_.find(token); }
  /// A line that was read before, from a message of so many bytes.
  void append(ChannelSlot channel, LineView line, std::size_t message_size);

  void count_malformed() { ++counters_.malformed; }
  void count_too_long() { ++counters_.malformed, ++counters_.too_long; }
  void count_loops(std::uint64_t lines) { counters_.loops += lines; }
  void count_unaddressed(std::uint64_t no_token, std::uint64_t unknown_token) {
    counters_.no_token += no_token;
    counters_.unknown_token += unknown_token;
  }

  /// The longest pause asked for (FabricShard::ingress_delay) since the last call; lines for congested channels ask.
  Duration take_delay();

  /// What a line into this channel would come back to: this log, the data set that other nodes may share, and the
  /// drains that lead out of the channel. Valid until the next call.
  std::span<const std::uint64_t> own_ids(std::string_view channel);

  const ConfigSnapshot& config() const { return feed_.current(); }
  FabricShard& fabric() { return fabric_; }
  Refusals& refusals() { return refusals_; }
  const Refusals& refusals() const { return refusals_; }
  const IntakeCounters& counters() const { return counters_; }
  void add_metrics(MetricsPage& page) const;

 private:
  /// A message on its way: what is known of it so far.
  struct Arrival {
    LineView line;
    std::string_view message;
    std::optional<Uuid> token;
    const TokenEntry* entry;
    bool parsed;
  };

  void parse(Arrival& arrival, std::string_view message);
  const TokenEntry* find(const Arrival& arrival);
  bool is_loop(Arrival& arrival);
  bool has_been_here(Arrival& arrival);
  void complete(Arrival& arrival, std::string_view source);
  bool looks_at_delay();
  void name_tokens(std::string_view& field);
  std::string_view with_names(std::string_view text, std::string& out);

  ConfigFeed& feed_;
  FabricShard& fabric_;
  const Store* store_;
  TokenCache tokens_;
  std::array<Arrival, kTogether> arrivals_;
  TimestampCache now_text_;
  std::string text_;             // of a wrapped message, with names for tokens
  std::string structured_data_;  // the same
  PassedLogs came_by_;           // of a line that drains brought
  std::string other_elements_;   // of its structured data
  std::vector<std::uint64_t> own_ids_;
  Duration delay_{};
  std::size_t since_delay_ = 0;  // lines
  IntakeCounters counters_;
  Refusals refusals_;
};

}  // namespace sluice::ingress
