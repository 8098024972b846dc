#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "logplex/base/error.hpp"
#include "logplex/base/files.hpp"
#include "logplex/base/slot.hpp"
#include "logplex/channel/log_identity.hpp"
#include "logplex/channel/seams/channel_key.hpp"

namespace sluice {

/// Where the numbers of channels go on after an orderly stop. Without it a channel begins to count anew at each start.
///
///     run of epoch 5:  5|0 ... 5|76        stop, start        run of epoch 6:  6|77 ...
///
/// So a position of an earlier run still says how many lines came after it. The stop writes the file DATA_DIR/numbers,
/// and only the very next start uses it: after a crash nobody knows how many numbers the crashed run gave out.
///
/// Made on the main thread. While shards run it does not change, and every shard reads it. Takes 32 bytes a channel.
class ChannelNumbers {
 public:
  struct Row {
    ChannelKey key;
    std::uint64_t next = 0;   // lines the channel has had since it began to count
    std::uint32_t since = 0;  // the epoch in which it began to count
    std::uint32_t unused = 0;
  };

  /// Call once for each channel, then seal().
  void add(const ChannelKey& key, std::uint64_t next, std::uint32_t since) { rows_.push_back({key, next, since, 0}); }
  void seal();
  /// nullptr if the channel is not known.
  const Row* find(const ChannelKey& key) const;
  std::size_t size() const { return rows_.size(); }

  /// Replaces the file. Blocking. Errors name the path.
  result<void, Error> write(Files& files, const std::string& path, const LogIdentity& identity) const;
  /// Reads a file that may be damaged; uses no more memory than it has bytes. Empty when there is no file, or one that
  /// the last run did not write. Blocking. Errors name the path: damaged, or not readable.
  static result<ChannelNumbers, Error> read(Files& files, const std::string& path, const LogIdentity& identity);

 private:
  std::vector<Row> rows_;  // sorted by key
};

}  // namespace sluice
