#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "logplex/store/redis/redis_connection.hpp"
#include "logplex/store/redis/redis_rows.hpp"

namespace sluice {

/// Reads entries from Redis in answers of a few MiB, however large the entries are and whoever made them so: a page has
/// fewer entries when they are large, and a value that does not fit into it is read by itself. A value that is larger
/// than an entry ever is (kLargestEntry) is not read at all.
///
/// On the store's shard. Errors are those of RedisConnection::call(), and kMalformed when Redis answers an error.
class RedisReader {
 public:
  explicit RedisReader(Duration patience) : patience_(patience) {}

  /// Every entry of the kind, each as it was at some time during the call. Outlived by `rows`.
  Task<result<void, Error>> read_kind(std::shared_ptr<RedisConnection> connection, EntryKind kind, RedisRows& rows);
  /// Fills in `wanted`, which outlives the call.
  Task<result<void, Error>> fetch(std::shared_ptr<RedisConnection> connection, std::vector<WantedValue>& wanted);

 private:
  using Sizes = std::vector<std::size_t>;
  Task<result<Sizes, Error>> measure(std::shared_ptr<RedisConnection> connection,
                                     const std::vector<WantedValue>& wanted, std::size_t from, std::size_t to);
  Task<result<void, Error>> fetch_some(std::shared_ptr<RedisConnection> connection, std::vector<WantedValue>& wanted,
                                       std::size_t from, const Sizes& sizes);

  Duration patience_;
  std::size_t page_ = 200;  // entries
};

}  // namespace sluice
