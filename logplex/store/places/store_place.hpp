#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "logplex/base/seal.hpp"
#include "logplex/net/tls/tls_context.hpp"
#include "logplex/store/places/stored_rows.hpp"

namespace sluice {

/// A store as an operator names it: a data directory, or the URL of a Redis. `sluice store` reads and fills it from
/// outside the daemon. All calls block. One thread.
class StorePlace {
 public:
  /// Receives how many entries are written, and how many there are in all.
  using Progress = std::function<void(std::size_t written, std::size_t all)>;

  virtual ~StorePlace() = default;
  virtual result<StoredRows, Error> read() = 0;
  /// Carries out a plan that was made from the result of read(). A data directory takes all or nothing. Redis takes
  /// parts of 500 entries; nodes do not use a new data set until it is complete.
  virtual result<void, Error> write(const StoredRows& present, const ImportPlan& plan, const Progress& progress) = 0;
  /// Tells the nodes to take the data set as it is, whatever they must delete. Fails for a data directory, where no
  /// node waits for it.
  virtual result<void, Error> accept() = 0;
};

/// kTry: a dry run; a data directory that does not exist yet counts as empty. kWrite: creates and locks a data
/// directory, which fails while a daemon uses it.
enum class PlaceUse : std::uint8_t { kRead, kTry, kWrite };

/// `name`: a Redis URL (see is_redis_url()) or a directory. `tls` applies to rediss:// URLs. `seal` seals the secrets
/// that are written; null = plain text.
result<std::unique_ptr<StorePlace>, Error> open_place(const std::string& name, PlaceUse use,
                                                      const TlsClientOptions& tls,
                                                      std::shared_ptr<const Seal> seal = nullptr);

/// The configuration in the Redis of a Logplex: the entries that can be imported, and those that cannot.
struct LogplexRows {
  StoredRows rows;
  std::vector<LeftOut> left_out;
};
result<LogplexRows, Error> read_logplex(const std::string& url, const TlsClientOptions& tls);

}  // namespace sluice
