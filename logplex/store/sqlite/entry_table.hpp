#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "logplex/base/result.hpp"
#include "logplex/base/seal.hpp"
#include "logplex/model/decide/decide.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace sluice {

/// The values stored beside the entries.
struct StoredCounters {
  std::uint64_t revision = 0;
  std::uint64_t next_drain_id = 1;
  std::uint64_t next_channel_id = 1;
  std::uint64_t history = 0;  // id of the Redis data set that this file copies; 0 = not a copy
};

/// The configuration in one SQLite file, mode 0600: a table of (kind, key, JSON) and a table of counters. It uses a
/// write-ahead log with a sync per commit, so after a crash the file holds either all of a commit or nothing of it.
///
/// One thread at a time. All calls block. Errors are kUnavailable, kDamaged or kNewer and name the file. A failed
/// commit changes nothing, and the next one may succeed.
class EntryTable {
 public:
  /// Creates the file if it does not exist.
  static result<EntryTable, Error> open(const std::string& path, std::shared_ptr<const Seal> seal = nullptr);
  EntryTable(EntryTable&& other) noexcept;
  EntryTable& operator=(EntryTable&&) = delete;
  ~EntryTable();

  const std::string& path() const { return path_; }

  result<StoredCounters, Error> read_counters();
  using Visit = std::function<void(std::string_view key, std::string_view json)>;
  result<void, Error> read_entries(EntryKind kind, const Visit& visit);
  /// The number of rows of kinds that this version does not know.
  result<std::uint64_t, Error> count_unknown();

  /// One transaction. Deleting a channel also deletes rows of its tokens that could not be read.
  result<void, Error> commit(const std::vector<Effect>& effects, const StoredCounters& counters);
  /// The same, but first deletes all rows of known kinds.
  result<void, Error> replace(const std::vector<Effect>& effects, const StoredCounters& counters);
  /// Rewrites the file, so that no replaced or deleted value is left in it.
  result<void, Error> wipe();

 private:
  struct CloseDatabase {
    void operator()(sqlite3* database) const;
  };
  struct FinishStatement {
    void operator()(sqlite3_stmt* statement) const;
  };
  using Statement = std::unique_ptr<sqlite3_stmt, FinishStatement>;

  EntryTable(std::string path, std::shared_ptr<const Seal> seal) : path_(std::move(path)), seal_(std::move(seal)) {}

  result<void, Error> open_database();
  result<void, Error> set_up();
  result<void, Error> check_version();
  result<void, Error> prepare_statements();
  result<void, Error> execute(const char* sql);
  result<Statement, Error> prepare(const char* sql);
  result<void, Error> run(sqlite3_stmt* statement);
  result<void, Error> write_all(const std::vector<Effect>& effects, const StoredCounters& counters, bool clear);
  result<void, Error> finish(result<void, Error> outcome);
  result<void, Error> write_effect(const Effect& effect);
  result<void, Error> write_counter(std::string_view name, std::uint64_t value);
  Error failure(int code) const;

  std::string path_;
  std::shared_ptr<const Seal> seal_;
  std::unique_ptr<sqlite3, CloseDatabase> database_;
  Statement put_;
  Statement remove_;
  Statement remove_tokens_;
  Statement put_counter_;
  Statement clear_;
};

}  // namespace sluice
