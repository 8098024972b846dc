#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "logplex/model/principal.hpp"
#include "logplex/runtime/wheel.hpp"
#include "logplex/store/config_feed.hpp"

namespace sluice {
class HttpExchange;
}  // namespace sluice

namespace sluice::api {

class OpenStream;

/// The rights that a stream depends on. When one of them is gone, the stream ends.
struct StreamRights {
  bool by_key = false;  // `maker`, which opened it or made its session, is a key; else a credential or the node
  std::string maker;    // id of the key or credential; empty = the node's key
  std::string channel;
  std::uint64_t incarnation = 0;
  std::optional<WallTime> until;  // end of the key or session, whichever comes first

  /// True when the key or credential exists and may still read the channel, and the channel was not replaced by a new
  /// one.
  bool hold(const ConfigSnapshot& config, WallTime now) const;
  /// Who is charged for the stream: ApiKey::sharer() of the maker.
  std::string sharer(const ConfigSnapshot& config) const;
};

/// The streams of lines that are open on one shard. A stream ends within a second after its key is deleted or expires,
/// its session ends, or its channel is deleted, even when its client does not read.
///
/// Lives on its shard, owned by ApiShard. It observes every configuration; the cost of a change depends on the streams
/// of the keys and channels that changed, not on all streams.
class OpenStreams final : public ConfigObserver {
 public:
  explicit OpenStreams(Shard& shard) : shard_(shard) {}

  void on_config(const ConfigSnapshot& config, const ChangedKeys& changed) override;
  std::size_t size() const { return by_maker_.size(); }
  std::uint64_t ended() const { return ended_; }

 private:
  friend class OpenStream;
  using Index = std::multimap<std::string, OpenStream*>;  // removes an entry in constant time

  void look_at(Index& index, const std::string& name, const ConfigSnapshot& config);

  Shard& shard_;
  Index by_maker_;
  Index by_channel_;
  std::uint64_t ended_ = 0;
};

/// One open stream. OpenStreams watches it as long as this object exists. Lives in the task that writes to the client.
class OpenStream {
 public:
  OpenStream(OpenStreams& streams, HttpExchange& http, StreamRights rights);
  OpenStream(const OpenStream&) = delete;
  OpenStream& operator=(const OpenStream&) = delete;
  ~OpenStream();

  /// The rights are gone: write no more lines.
  bool ended() const { return ended_; }

 private:
  friend class OpenStreams;

  void end();
  void watch_the_clock();
  void on_time();

  OpenStreams& streams_;
  HttpExchange& http_;
  const StreamRights rights_;
  Deadline<&OpenStream::on_time> deadline_;
  OpenStreams::Index::iterator by_maker_;
  OpenStreams::Index::iterator by_channel_;
  bool ended_ = false;
};

}  // namespace sluice::api
