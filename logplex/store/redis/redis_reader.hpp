#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "logplex/store/redis/redis_connection.hpp"
#include "logplex/store/redis/redis_rows.hpp"

namespace sluice {

/// Reads entries from Redis in replies of a few MiB, however large the entries are: a page has fewer entries when they
/// are large, and a value too large for a page is read separately. A value above the size limit of an entry
/// (kLargestEntry) is not read at all.
///
/// Runs on the store's shard. Errors are those of RedisConnection::call(), and kMalformed for an error reply of Redis.
class RedisReader {
 public:
  explicit RedisReader(Duration patience) : patience_(patience) {}

  /// Reads every entry of the kind, each as it was at some time during the call. `rows` outlives the call.
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
