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
#include "logplex/ingress/writer.hpp"
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
  std::uint64_t loops = 0;          // dropped: this log has had them before
  std::uint64_t malformed = 0;      // items that were not messages, or were too long
  std::uint64_t too_long = 0;       // messages over ingress.frame_max
};

/// Turns messages of every kind of ingress into lines of a channel: parses each once, for what routing needs, and
/// appends it. The source of a line is its token's name, or the one that an API key chose, never what the message says.
/// A valid token never appears in a line: where a sender has put it into another header field, or into a message that
/// cannot be parsed, the token's name replaces it. One per shard, on that shard; feed and fabric outlive it.
///
/// A protocol that reads lines itself calls append(), one of syslog messages append_addressed(). One that confirms
/// calls authenticate(), and gathers the lines in a PendingBatch.
class Intake : public OnShard {
 public:
  /// `store`: lines that come back by way of nodes that share it count as loops, too. Must outlive the intake.
  Intake(Shard& shard, ConfigFeed& feed, FabricShard& fabric, Duration log_interval = std::chrono::seconds(60),
         const Store* store = nullptr);

  /// How many messages are worth appending together.
  static constexpr std::size_t kTogether = 16;
  /// For TCP syslog: appends messages, at most kTogether, whose app-name fields hold their tokens. A message without
  /// the token of a channel is counted and dropped. Returns how many had one.
  std::size_t append_addressed(std::span<const std::string_view> messages);

  /// Appends a line that a protocol has read itself from `message`, of which only the size counts, to the channel of
  /// this token. `source`, `received` and `passed` are set here. False when there is no such channel or the line is not
  /// is_storable(): then it is counted and dropped.
  bool append(std::optional<Uuid> token, const LineView& line, std::string_view message);
  /// True when no header field has a space or a control character: these would change the meaning of a syslog message.
  static bool is_storable(const LineView& line);

  /// Says where a sender may write; see authenticate_writer().
  boost::system::result<Writer, Refused> authenticate(const Credentials& given) const {
    return authenticate_writer(given, config(), shard().wall_now());
  }

  /// For a PendingBatch, after the sender has authenticated: parses a message as a line of `source`, whatever its
  /// app-name field holds. The views are valid until the next call.
  const LineView& read_as(std::string_view source, std::string_view message);
  /// The same for a line that is_storable().
  const LineView& read_as(std::string_view source, const LineView& line);
  /// The token in the message's app-name field; none when it holds none.
  std::optional<Uuid> token_of(std::string_view message);
  const TokenEntry* find(const Uuid& token) { return tokens_.find(token); }
  /// Appends a line that read_as() has returned, from a message of `message_size` bytes. It counts against the rates of
  /// its channel and of `sender`.
  void append_as(SenderId sender, ChannelSlot channel, LineView line, std::size_t message_size);

  void count_malformed() { ++counters_.malformed; }
  void count_too_long() { ++counters_.malformed, ++counters_.too_long; }
  void count_loops(std::uint64_t lines) { counters_.loops += lines; }
  void count_unaddressed(std::uint64_t no_token, std::uint64_t unknown_token) {
    counters_.no_token += no_token;
    counters_.unknown_token += unknown_token;
  }

  /// The longest pause (FabricShard::ingress_delay) that lines for congested channels have asked for since the last
  /// call.
  Duration take_delay();

  /// The ids by which a line of this channel is recognized when it comes back: this log's, that of the data set that
  /// other nodes may share, and those of the channel's drains and the global drains. Valid until the next call.
  std::span<const std::uint64_t> own_ids(std::string_view channel);

  const ConfigSnapshot& config() const { return feed_.current(); }
  FabricShard& fabric() { return fabric_; }
  Refusals& refusals() { return refusals_; }
  const Refusals& refusals() const { return refusals_; }
  const IntakeCounters& counters() const { return counters_; }
  void add_metrics(MetricsPage& page) const;

 private:
  /// What is known so far of a message that is being appended.
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
  std::size_t take(std::span<Arrival> arrivals);
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
  PassedLogs came_by_;           // the logs that the present line has passed
  std::string other_elements_;   // of its structured data
  std::vector<std::uint64_t> own_ids_;
  Duration delay_{};
  std::size_t since_delay_ = 0;  // lines
  IntakeCounters counters_;
  Refusals refusals_;
};

}  // namespace sluice::ingress
