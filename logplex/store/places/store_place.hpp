#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "logplex/base/seal.hpp"
#include "logplex/net/tls/tls_context.hpp"
#include "logplex/store/places/stored_rows.hpp"

namespace sluice {

/// A store as an operator names it, for looking into it and filling it from outside the daemon: a data directory, or
/// the URL of a Redis. Blocks. One thread.
class StorePlace {
 public:
  /// `written` and how many in all; for a progress line.
  using Progress = std::function<void(std::size_t written, std::size_t all)>;

  virtual ~StorePlace() = default;
  virtual result<StoredRows, Error> read() = 0;
  /// Fills it by a plan that was made over what read() gave. A data directory takes all or nothing; a Redis takes parts
  /// of 500, and nodes look at a new data set when it is whole.
  virtual result<void, Error> write(const StoredRows& present, const ImportPlan& plan, const Progress& progress) = 0;
  /// Says to nodes that the data set is meant to be as it is. Error in a data directory, where nobody waits for it.
  virtual result<void, Error> accept() = 0;
};

/// kTry: to say what writing would do; a data directory that does not exist yet is empty. kWrite: a data directory is
/// made and locked, which fails while a daemon runs on it.
enum class PlaceUse : std::uint8_t { kRead, kTry, kWrite };

/// `name`: redis://, rediss://, redis+sentinel://, or a directory. TLS is for rediss://. `seal` seals what is written;
/// null = plain text.
result<std::unique_ptr<StorePlace>, Error> open_place(const std::string& name, PlaceUse use,
                                                      const TlsClientOptions& tls,
                                                      std::shared_ptr<const Seal> seal = nullptr);

/// The configuration Redis of a Logplex: what of it can be kept, and what cannot.
struct LogplexRows {
  StoredRows rows;
  std::vector<LeftOut> left_out;
};
result<LogplexRows, Error> read_logplex(const std::string& url, const TlsClientOptions& tls);

}  // namespace sluice
