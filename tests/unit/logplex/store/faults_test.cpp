// What a store file can be, and what a disk can do.
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

#include <gtest/gtest.h>
#include <sqlite3.h>

#include "logplex/model/config_error.hpp"
#include "logplex/store/sqlite/store_core.hpp"
#include "tests/unit/logplex/store/store_harness.hpp"

namespace sluice {
namespace {

class StoreFaults : public testing::Test {
 protected:
  std::string file() const { return directory_.path() + "/config.db"; }
  result<StoreCore, Error> open() { return StoreCore::open(file(), {}); }
  static result<Applied, Error> apply(StoreCore& core, const Change& change) {
    return core.apply({&change, 1}).outcomes[0];
  }

  /// Runs SQL on the file, as somebody with the sqlite3 program would.
  void execute(const std::string& sql) {
    sqlite3* database = nullptr;
    ASSERT_EQ(sqlite3_open(file().c_str(), &database), SQLITE_OK);
    char* message = nullptr;
    EXPECT_EQ(sqlite3_exec(database, sql.c_str(), nullptr, nullptr, &message), SQLITE_OK) << message;
    sqlite3_close(database);
  }
  void put_row(const std::string& kind, const std::string& key, const std::string& json) {
    execute("INSERT OR REPLACE INTO entries VALUES ('" + kind + "', '" + key + "', '" + json + "')");
  }

  TemporaryDirectory directory_;
};

TEST_F(StoreFaults, file_is_for_its_owner_only) {
  ASSERT_TRUE(open().has_value());
  struct stat status {};
  ASSERT_EQ(stat(file().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
}

TEST_F(StoreFaults, what_is_no_store_is_refused_by_name) {
  std::ofstream(file()) << "this is not a database, and it is long enough to be looked at by a careful reader";
  const auto opened = open();
  ASSERT_TRUE(opened.has_error());
  EXPECT_EQ(opened.error().code, ConfigError::kDamaged);
  EXPECT_NE(opened.error().message.find(file()), std::string::npos) << opened.error().message;
}

TEST_F(StoreFaults, directory_that_is_not_there_is_named) {
  const auto opened = StoreCore::open(directory_.path() + "/none/config.db", {});
  ASSERT_TRUE(opened.has_error());
  EXPECT_NE(opened.error().message.find("/none/config.db"), std::string::npos);
}

TEST_F(StoreFaults, newer_file_is_refused) {
  ASSERT_TRUE(open().has_value());
  execute("UPDATE counters SET value = 2 WHERE name = 'readable_by'");
  const auto opened = open();
  ASSERT_TRUE(opened.has_error());
  EXPECT_EQ(opened.error().code, ConfigError::kNewer);
}

TEST_F(StoreFaults, cut_off_file_never_crashes_the_reader) {
  {
    auto core = open().value();
    for (int i = 0; i < 300; ++i)
      ASSERT_TRUE(apply(core, PutChannel{"channel-" + std::to_string(i), std::string(100, 'n'), {}, {}}).has_value());
  }
  const auto size = std::filesystem::file_size(file());
  for (const auto keep : {size / 2, size / 4, std::uintmax_t{4096}, std::uintmax_t{100}}) {
    std::filesystem::resize_file(file(), keep);
    const auto opened = open();
    ASSERT_TRUE(opened.has_error()) << keep;
    EXPECT_NE(opened.error().message.find(file()), std::string::npos);
  }
}

TEST_F(StoreFaults, bad_entries_are_left_out_alone) {
  {
    auto core = open().value();
    ASSERT_TRUE(apply(core, PutApp{"good", {"good.com"}, {}, {}}).has_value());
    ASSERT_TRUE(apply(core, CreateToken{"good", {"app", {1, 1}, 1}}).has_value());
  }
  put_row("app", "bad", "{");
  put_row("app", "thief", R"({"domains":["good.com"]})");
  put_row("channel", "dim", R"({"name":7})");
  put_row("token", "dim/0000000000000002",
          R"({"name":"app","value":{"v":0,"text":"00000000-0000-0001-0000-000000000002"}})");
  put_row("token", "good/0000000000000003",
          R"({"name":"app","value":{"v":0,"text":"00000000-0000-0001-0000-000000000001"}})");
  put_row("token", "nowhere/0000000000000004",
          R"({"name":"a","value":{"v":0,"text":"00000000-0000-0001-0000-000000000009"}})");
  put_row("drain", "5",
          R"({"token":"00000000-0000-0001-0000-000000000002","channel":"good","url":{"v":7,"text":"x"}})");
  put_row("telescope", "t", "what a later version stores");

  auto core = open().value();
  const auto status = core.status();
  EXPECT_EQ(status.quarantined_count, 6U);
  EXPECT_EQ(status.unknown_kinds, 1U);
  EXPECT_NE(core.config().app_by_host("good.com"), nullptr);
  EXPECT_NE(core.config().token({1, 1}), nullptr);
  EXPECT_NE(core.config().token({1, 2}), nullptr) << "a token of a channel whose own entry is bad";
  EXPECT_EQ(core.config().app("bad"), nullptr);
  EXPECT_EQ(core.config().app("thief"), nullptr);

  ASSERT_TRUE(apply(core, PutApp{"bad", {"bad.com"}, {}, {}}).has_value());
  ASSERT_TRUE(apply(core, PutChannel{"dim", "named", {}, {}}).has_value());
  EXPECT_EQ(core.status().quarantined_count, 4U);
  auto again = open().value();
  EXPECT_EQ(again.status().quarantined_count, 4U);
  EXPECT_EQ(again.status().unknown_kinds, 1U);
  EXPECT_NE(again.config().app_by_host("bad.com"), nullptr);
}

TEST_F(StoreFaults, deleted_channel_takes_unreadable_tokens_along) {
  {
    auto core = open().value();
    ASSERT_TRUE(apply(core, PutChannel{"c", {}, {}, {}}).has_value());
    ASSERT_TRUE(apply(core, PutChannel{"c-2", {}, {}, {{{"app", {1, 1}, 1}}}}).has_value());
  }
  put_row("token", "c/0000000000000002", "{}");
  {
    auto core = open().value();
    EXPECT_EQ(core.status().quarantined_count, 1U);
    ASSERT_TRUE(apply(core, DeleteChannel{"c"}).has_value());
    EXPECT_EQ(core.status().quarantined_count, 0U);
  }
  EXPECT_EQ(open().value().status().quarantined_count, 0U);
  EXPECT_NE(open().value().config().token({1, 1}), nullptr);
}

/// While it lives, files of this process cannot grow past `bytes`: writes fail as on a full disk.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) {
    getrlimit(RLIMIT_FSIZE, &before_);
    before_handler_ = std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FullDisk() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, before_handler_);
  }

 private:
  rlimit before_{};
  void (*before_handler_)(int) = nullptr;
};

TEST_F(StoreFaults, full_disk_refuses_changes_and_keeps_serving) {
  StoreNode node(embedded_in(directory_.path()));
  ASSERT_TRUE(node.apply(PutApp{"before", {"before.com"}, {}, {}}).has_value());
  std::vector<std::string> made{"before"};
  {
    const FullDisk full(std::filesystem::file_size(file() + "-wal") + 40'000);
    result<Applied, Error> outcome = Applied{};
    for (int i = 0; i < 200 && outcome.has_value(); ++i) {
      const std::string name = "app-" + std::to_string(i);
      outcome = node.apply(PutApp{name, {name + ".com"}, {}, {}});
      if (outcome.has_value()) made.push_back(name);
    }
    ASSERT_TRUE(outcome.has_error());
    EXPECT_EQ(outcome.error().code, ConfigError::kUnavailable);
    EXPECT_NE(outcome.error().message.find(file()), std::string::npos) << outcome.error().message;
    EXPECT_FALSE(node.store().status().reachable);
    EXPECT_TRUE(node.on_shard(2, [](ConfigFeed& feed) { return feed.current().app_by_host("before.com") != nullptr; }));
  }
  ASSERT_TRUE(node.apply(PutApp{"after", {"after.com"}, {}, {}}).has_value());
  EXPECT_TRUE(node.store().status().reachable);
  made.push_back("after");
  const auto names = node.on_shard(0, [](ConfigFeed& feed) {
    std::vector<std::string> out;
    for (const auto* app : feed.current().apps("", 1000).items) out.push_back(app->app.name);
    return out;
  });
  std::sort(made.begin(), made.end());
  EXPECT_EQ(names, made);
  EXPECT_EQ(open()->config().app_count(), made.size());
}

TEST_F(StoreFaults, what_is_no_store_url_is_refused_without_its_password) {
  SystemClock clock;
  for (const auto* url : {"redis://user:hunter2@h:1/x", "redis://:hunter2@", "rediss://:hunter2@h:99999",
                          "redis+sentinel://hunter2", "http://hunter2", ""}) {
    StoreSettings settings;
    settings.url = Secret(url);
    const auto store = open_store(settings, directory_.path(), {}, clock);
    ASSERT_TRUE(store.has_error()) << url;
    EXPECT_EQ(store.error().message.find("hunter2"), std::string::npos) << store.error().message;
    EXPECT_NE(store.error().message.find("store.url"), std::string::npos) << store.error().message;
  }
}

}  // namespace
}  // namespace sluice
