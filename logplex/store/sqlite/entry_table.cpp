#include "logplex/store/sqlite/entry_table.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include <sqlite3.h>

#include "logplex/model/config_error.hpp"
#include "logplex/model/sealed_entry.hpp"

namespace sluice {
namespace {

constexpr int kApplicationId = 0x534c4943;  // "SLIC": tells file(1), and us, what this database is
constexpr int kSchema = 1;                  // of the tables; raised when they change
constexpr int kReadableBy = 1;              // the lowest schema number that may work on a file written by this version

constexpr const char* kPragmas =
    "PRAGMA journal_mode = WAL;"
    "PRAGMA synchronous = FULL;"
    "PRAGMA trusted_schema = OFF;"
    "PRAGMA cache_size = -4096;";

constexpr const char* kTables =
    "BEGIN IMMEDIATE;"
    "CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS entries (kind TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,"
    " PRIMARY KEY (kind, key)) WITHOUT ROWID;"
    "INSERT OR IGNORE INTO counters VALUES ('schema', 1), ('readable_by', 1);"
    "PRAGMA application_id = 1397508419;"
    "COMMIT;";
static_assert(kApplicationId == 1397508419 && kSchema == 1 && kReadableBy == 1, "kTables says the same");

void bind_text(sqlite3_stmt* statement, int index, std::string_view text) {
  sqlite3_bind_text64(statement, index, text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8);
}

std::string_view column_text(sqlite3_stmt* statement, int column) {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
  return text == nullptr ? std::string_view()
                         : std::string_view(text, static_cast<std::size_t>(sqlite3_column_bytes(statement, column)));
}

ConfigError error_for(int code) {
  const int primary = code & 0xff;
  return primary == SQLITE_NOTADB || primary == SQLITE_CORRUPT ? ConfigError::kDamaged : ConfigError::kUnavailable;
}

}  // namespace

void EntryTable::CloseDatabase::operator()(sqlite3* database) const { sqlite3_close_v2(database); }
void EntryTable::FinishStatement::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

EntryTable::EntryTable(EntryTable&& other) noexcept = default;
EntryTable::~EntryTable() = default;

Error EntryTable::failure(int code) const {
  return {error_for(code), path_ + ": " + (database_ ? sqlite3_errmsg(database_.get()) : sqlite3_errstr(code))};
}

result<EntryTable, Error> EntryTable::open(const std::string& path, std::shared_ptr<const Seal> seal) {
  EntryTable table(path, std::move(seal));
  SLUICE_TRY_VOID(table.open_database());
  SLUICE_TRY_VOID(table.set_up());
  SLUICE_TRY_VOID(table.check_version());
  SLUICE_TRY_VOID(table.prepare_statements());
  return table;
}

result<void, Error> EntryTable::open_database() {
  // SQLite would create the file readable by everybody. Its -wal and -shm files get the mode of this file.
  const int fd = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return Error{ConfigError::kUnavailable, path_ + ": " + std::strerror(errno)};
  ::close(fd);
  sqlite3* database = nullptr;
  const int code = sqlite3_open_v2(path_.c_str(), &database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  database_.reset(database);
  if (code != SQLITE_OK) return failure(code);
  sqlite3_extended_result_codes(database_.get(), 1);
  sqlite3_busy_timeout(database_.get(), 1000);
  return {};
}

result<void, Error> EntryTable::execute(const char* sql) {
  const int code = sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return failure(code);
  return {};
}

result<void, Error> EntryTable::set_up() {
  SLUICE_TRY_VOID(execute(kPragmas));
  SLUICE_TRY(auto tables, prepare("SELECT name FROM sqlite_schema WHERE name = 'counters'"));
  const int code = sqlite3_step(tables.get());
  if (code == SQLITE_ROW) return {};
  if (code != SQLITE_DONE) return failure(code);
  tables.reset();
  return execute(kTables);
}

result<void, Error> EntryTable::check_version() {
  SLUICE_TRY(auto statement, prepare("SELECT value FROM counters WHERE name = 'readable_by'"));
  const int code = sqlite3_step(statement.get());
  if (code != SQLITE_ROW && code != SQLITE_DONE) return failure(code);
  if (code == SQLITE_DONE) return Error{ConfigError::kDamaged, path_ + ": it does not say which version wrote it"};
  if (sqlite3_column_int(statement.get(), 0) > kSchema)
    return Error{ConfigError::kNewer,
                 path_ + ": a newer version of Sluice wrote this file and does not let this version use it"};
  return {};
}

result<EntryTable::Statement, Error> EntryTable::prepare(const char* sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(database_.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) return failure(code);
  return Statement(statement);
}

result<void, Error> EntryTable::prepare_statements() {
  SLUICE_TRY(put_, prepare("INSERT INTO entries VALUES (?1, ?2, ?3)"
                           " ON CONFLICT (kind, key) DO UPDATE SET value = excluded.value"));
  SLUICE_TRY(remove_, prepare("DELETE FROM entries WHERE kind = ?1 AND key = ?2"));
  // Matches all keys that begin with "<channel>/": '0' is the character after '/'.
  SLUICE_TRY(remove_tokens_,
             prepare("DELETE FROM entries WHERE kind = 'token' AND key >= ?1 || '/' AND key < ?1 || '0'"));
  SLUICE_TRY(clear_, prepare("DELETE FROM entries WHERE kind = ?1"));
  SLUICE_TRY(put_counter_, prepare("INSERT INTO counters VALUES (?1, ?2)"
                                   " ON CONFLICT (name) DO UPDATE SET value = excluded.value"));
  return {};
}

result<StoredCounters, Error> EntryTable::read_counters() {
  StoredCounters counters;
  SLUICE_TRY(auto statement, prepare("SELECT name, value FROM counters"));
  int code = SQLITE_OK;
  while ((code = sqlite3_step(statement.get())) == SQLITE_ROW) {
    const auto name = column_text(statement.get(), 0);
    const auto value = static_cast<std::uint64_t>(sqlite3_column_int64(statement.get(), 1));
    if (name == "revision") counters.revision = value;
    if (name == "next_drain_id") counters.next_drain_id = value;
    if (name == "next_channel_id") counters.next_channel_id = value;
    if (name == "history") counters.history = value;
  }
  if (code != SQLITE_DONE) return failure(code);
  return counters;
}

result<void, Error> EntryTable::read_entries(EntryKind kind, const Visit& visit) {
  SLUICE_TRY(auto statement, prepare("SELECT key, value FROM entries WHERE kind = ?1"));
  bind_text(statement.get(), 1, name_of(kind));
  int code = SQLITE_OK;
  while ((code = sqlite3_step(statement.get())) == SQLITE_ROW)
    visit(column_text(statement.get(), 0), column_text(statement.get(), 1));
  if (code != SQLITE_DONE) return failure(code);
  return {};
}

result<std::uint64_t, Error> EntryTable::count_unknown() {
  SLUICE_TRY(auto statement, prepare("SELECT kind, count(*) FROM entries GROUP BY kind"));
  std::uint64_t unknown = 0;
  int code = SQLITE_OK;
  while ((code = sqlite3_step(statement.get())) == SQLITE_ROW)
    if (!parse_kind(column_text(statement.get(), 0)))
      unknown += static_cast<std::uint64_t>(sqlite3_column_int64(statement.get(), 1));
  if (code != SQLITE_DONE) return failure(code);
  return unknown;
}

result<void, Error> EntryTable::run(sqlite3_stmt* statement) {
  const int code = sqlite3_step(statement);
  result<void, Error> outcome;
  if (code != SQLITE_DONE) outcome = failure(code);
  sqlite3_reset(statement);
  sqlite3_clear_bindings(statement);
  return outcome;
}

result<void, Error> EntryTable::write_effect(const Effect& effect) {
  const auto json = effect.entry ? encode_entry(*effect.entry, seal_.get()) : std::string();
  auto* statement = effect.entry ? put_.get() : remove_.get();
  bind_text(statement, 1, name_of(effect.kind));
  bind_text(statement, 2, effect.key);
  if (effect.entry) bind_text(statement, 3, json);
  SLUICE_TRY_VOID(run(statement));
  if (effect.entry || effect.kind != EntryKind::kChannel) return {};
  bind_text(remove_tokens_.get(), 1, effect.key);
  return run(remove_tokens_.get());
}

result<void, Error> EntryTable::write_counter(std::string_view name, std::uint64_t value) {
  bind_text(put_counter_.get(), 1, name);
  sqlite3_bind_int64(put_counter_.get(), 2, static_cast<sqlite3_int64>(value));
  return run(put_counter_.get());
}

result<void, Error> EntryTable::write_all(const std::vector<Effect>& effects, const StoredCounters& counters,
                                          bool clear) {
  SLUICE_TRY_VOID(execute("BEGIN IMMEDIATE"));
  for (std::size_t kind = 0; clear && kind < std::variant_size_v<Entry>; ++kind) {
    bind_text(clear_.get(), 1, name_of(EntryKind(kind)));
    SLUICE_TRY_VOID(run(clear_.get()));
  }
  for (const auto& effect : effects) SLUICE_TRY_VOID(write_effect(effect));
  SLUICE_TRY_VOID(write_counter("revision", counters.revision));
  SLUICE_TRY_VOID(write_counter("next_drain_id", counters.next_drain_id));
  SLUICE_TRY_VOID(write_counter("next_channel_id", counters.next_channel_id));
  SLUICE_TRY_VOID(write_counter("history", counters.history));
  return execute("COMMIT");
}

result<void, Error> EntryTable::finish(result<void, Error> outcome) {
  // After some errors SQLite has already rolled back.
  if (outcome.has_error() && sqlite3_get_autocommit(database_.get()) == 0)
    sqlite3_exec(database_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
  return outcome;
}

result<void, Error> EntryTable::commit(const std::vector<Effect>& effects, const StoredCounters& counters) {
  return finish(write_all(effects, counters, false));
}

result<void, Error> EntryTable::replace(const std::vector<Effect>& effects, const StoredCounters& counters) {
  return finish(write_all(effects, counters, true));
}

result<void, Error> EntryTable::wipe() {
  SLUICE_TRY_VOID(execute("VACUUM"));
  return execute("PRAGMA wal_checkpoint(TRUNCATE)");
}

}  // namespace sluice
