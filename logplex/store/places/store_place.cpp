#include "logplex/store/places/store_place.hpp"

#include <optional>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include "logplex/base/files.hpp"
#include "logplex/base/rng.hpp"
#include "logplex/model/config_error.hpp"
#include "logplex/store/entry_loader.hpp"
#include "logplex/store/redis/blocking_redis.hpp"
#include "logplex/store/redis/redis_entry.hpp"
#include "logplex/store/redis/redis_replica.hpp"
#include "logplex/store/redis/redis_scripts.hpp"
#include "logplex/store/sqlite/entry_table.hpp"

namespace sluice {

namespace json = boost::json;

namespace {

constexpr std::size_t kPart = 500;
constexpr std::uint64_t kHistories = std::uint64_t{1} << 53;

class DataDirectory final : public StorePlace {
 public:
  DataDirectory(EntryTable table, std::optional<DirectoryLock> lock)
      : lock_(std::move(lock)), table_(std::move(table)) {}

  result<StoredRows, Error> read() override {
    StoredRows rows;
    SLUICE_TRY(const auto counters, table_.read_counters());
    rows.revision = counters.revision;
    rows.next_drain_id = counters.next_drain_id;
    rows.next_channel_id = counters.next_channel_id;
    rows.history = counters.history;
    for (const auto kind : kLoadOrder)
      SLUICE_TRY_VOID(table_.read_entries(
          kind, [&](std::string_view key, std::string_view value) { rows.of(kind)[std::string(key)] = value; }));
    return rows;
  }

  result<void, Error> write(const StoredRows& present, const ImportPlan& plan, const Progress& progress) override {
    SLUICE_TRY_VOID(table_.commit(plan.puts, {present.revision + 1, plan.next_drain_id, plan.next_channel_id, 0}));
    progress(plan.puts.size(), plan.puts.size());
    return {};
  }

  result<void, Error> accept() override {
    return invalid("'sluice store accept' works only on a configuration in Redis");
  }

 private:
  std::optional<DirectoryLock> lock_;
  EntryTable table_;
};

class RedisPlace final : public StorePlace {
 public:
  RedisPlace(BlockingRedis redis, std::shared_ptr<const Seal> seal)
      : redis_(std::move(redis)), seal_(std::move(seal)) {}

  /// Reads everything in one transaction, so the rows belong together.
  result<StoredRows, Error> read() override {
    std::vector<std::vector<std::string_view>> commands{{"MULTI"}, {"HMGET", redis_keys()[kMetaKey]}};
    for (const auto field : RedisMeta::fields()) commands.back().push_back(field);
    for (std::size_t kind = 0; kind < kEntryKinds; ++kind)
      commands.push_back({"HGETALL", redis_keys()[kFirstKindKey + kind]});
    commands.push_back({"EXEC"});
    SLUICE_TRY(auto replies, redis_.call_all(commands));
    auto& answers = replies.back().list;
    if (answers.size() != kEntryKinds + 1)
      return invalid(redis_.where() + ": did not return the configuration in one transaction");
    return rows_of(answers);
  }

  result<void, Error> write(const StoredRows& present, const ImportPlan& plan, const Progress& progress) override {
    SystemRng rng;
    history_ = present.history;
    const bool hidden = history_ == 0 || present.loading;
    const auto new_history = 1 + rng.below(kHistories - 1);
    if (plan.puts.empty() && !present.loading) return {};
    std::size_t done = 0;
    do {
      const auto next = std::min(plan.puts.size(), done + kPart);
      json::object argument{{"entries", part(plan, done, next)}};
      argument["next_drain_id"] = plan.next_drain_id;
      argument["next_channel_id"] = plan.next_channel_id;
      if (hidden) argument["loading"] = next == plan.puts.size() ? "end" : done == 0 ? "begin" : "more";
      SLUICE_TRY_VOID(run("restore", std::move(argument), new_history));
      history_ = history_ == 0 ? new_history : history_;
      done = next;
      progress(done, plan.puts.size());
    } while (done < plan.puts.size());
    return {};
  }

  result<void, Error> accept() override {
    SystemRng rng;
    SLUICE_TRY(const auto reply, redis_.call({"HGET", redis_keys()[kMetaKey], "history"}));
    history_ = parse_decimal(reply.text).value_or(0);
    return run("accept", {{"loading", "any"}}, 1 + rng.below(kHistories - 1));
  }

 private:
  static StoredRows rows_of(std::vector<RedisReply>& answers) {
    StoredRows rows;
    const auto meta = RedisMeta::from(answers.front());
    rows.revision = meta.revision;
    rows.next_drain_id = meta.next_drain_id;
    rows.next_channel_id = meta.next_channel_id;
    rows.history = meta.history;
    rows.loading = meta.loading;
    for (std::size_t kind = 0; kind < kEntryKinds; ++kind) {
      auto& fields = answers[kind + 1].list;
      for (std::size_t i = 0; i + 1 < fields.size(); i += 2)
        rows.values[kind][std::move(fields[i].text)] = std::move(fields[i + 1].text);
    }
    return rows;
  }

  json::array part(const ImportPlan& plan, std::size_t from, std::size_t to) const {
    json::array entries;
    for (; from < to; ++from) {
      auto entry = script_entry(*plan.puts[from].entry, seal_.get());
      entry["kind"] = name_of(plan.puts[from].kind);
      entries.push_back(std::move(entry));
    }
    return entries;
  }

  result<void, Error> run(std::string_view script, json::object argument, std::uint64_t new_history) {
    argument["history"] = history_ == 0 ? std::string() : std::to_string(history_);
    argument["new_history"] = std::to_string(new_history);
    argument["keep"] = "20000";
    const auto text = json::serialize(argument);
    const auto count = std::to_string(redis_keys().size());
    std::vector<std::string_view> command{"EVAL", redis_script(script).text, count};
    command.insert(command.end(), redis_keys().begin(), redis_keys().end());
    command.push_back(text);
    SLUICE_TRY(const auto reply, redis_.call(command));
    if (reply.text_at(0) != "ok") return Error{ConfigError::kConflict, redis_.where() + ": " + reply.text_at(2)};
    return {};
  }

  BlockingRedis redis_;
  std::shared_ptr<const Seal> seal_;
  std::uint64_t history_ = 0;
};

/// A data directory that does not exist yet.
class NewDirectory final : public StorePlace {
 public:
  result<StoredRows, Error> read() override { return StoredRows(); }
  result<void, Error> write(const StoredRows&, const ImportPlan&, const Progress&) override { return only_tried(); }
  result<void, Error> accept() override { return only_tried(); }

 private:
  static Error only_tried() { return not_found("the data directory was opened for a dry run only"); }
};

}  // namespace

result<std::unique_ptr<StorePlace>, Error> open_place(const std::string& name, PlaceUse use,
                                                      const TlsClientOptions& tls, std::shared_ptr<const Seal> seal) {
  if (is_redis_url(name)) {
    SLUICE_TRY(const auto url, parse_redis_url(name));
    std::shared_ptr<const TlsContext> context;
    if (url.tls) {
      SLUICE_TRY(context, TlsContext::make(tls));
    }
    SLUICE_TRY(auto redis, BlockingRedis::open(url, context));
    return std::unique_ptr<StorePlace>(std::make_unique<RedisPlace>(std::move(redis), std::move(seal)));
  }
  SystemFiles files;
  const std::string path = name + "/config.db";
  if (use != PlaceUse::kWrite && !files.exists(path)) {
    if (use == PlaceUse::kTry) return std::unique_ptr<StorePlace>(std::make_unique<NewDirectory>());
    return not_found(path + " does not exist");
  }
  std::optional<DirectoryLock> lock;
  if (use == PlaceUse::kWrite) {
    SLUICE_TRY_VOID(files.make_directory(name));
    SLUICE_TRY(auto taken, DirectoryLock::acquire(name));
    lock.emplace(std::move(taken));
  }
  SLUICE_TRY(auto table, EntryTable::open(path, std::move(seal)));
  return std::unique_ptr<StorePlace>(std::make_unique<DataDirectory>(std::move(table), std::move(lock)));
}

}  // namespace sluice
