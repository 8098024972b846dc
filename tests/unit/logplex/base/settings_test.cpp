#include "logplex/base/settings.hpp"

#include <fstream>

#include <gtest/gtest.h>

#include "logplex/base/settings_table.hpp"

namespace sluice {
namespace {

/// Serves one file from memory.
class OneFile final : public Files {
 public:
  explicit OneFile(std::string text) : text_(std::move(text)) {}
  result<std::string, Error> read(const std::string&) override { return text_; }
  result<void, Error> replace(const std::string&, std::string_view, unsigned) override { return {}; }
  result<std::unique_ptr<NewFile>, Error> begin_replace(const std::string&, unsigned) override { return refused(); }
  result<std::unique_ptr<OpenedFile>, Error> open(const std::string&) override { return refused(); }
  result<std::unique_ptr<StoredFile>, Error> open_stored(const std::string&, unsigned) override { return refused(); }
  result<std::vector<std::string>, Error> list(const std::string&) override { return refused(); }
  result<void, Error> rename(const std::string&, const std::string&) override { return refused(); }
  result<void, Error> remove(const std::string&) override { return refused(); }
  result<void, Error> make_directory(const std::string&) override { return {}; }
  bool exists(const std::string&) override { return true; }

 private:
  static Error refused() { return {make_error_code(boost::system::errc::not_supported), {}}; }
  std::string text_;
};

result<Settings, Error> load(SettingsSources sources, std::string file = "") {
  OneFile files(std::move(file));
  return load_settings(sources, files);
}

TEST(Settings, defaults_are_those_of_the_contract) {
  const auto settings = load({}).value();
  EXPECT_EQ(settings.router.http, "0.0.0.0:8080");
  EXPECT_EQ(settings.api.listen, "127.0.0.1:8001");
  EXPECT_EQ(settings.process.shutdown_deadline, std::chrono::seconds(20));
  EXPECT_EQ(settings.fabric.history_lines, 1500u);
  EXPECT_LE(settings.fabric.memory_budget, 4_GiB);
  EXPECT_GT(settings.fabric.memory_budget, 1_MiB);
}

TEST(Settings, stronger_source_wins) {
  SettingsSources sources;
  sources.config_file = "s.toml";
  sources.environment = {{"SLUICE_ROUTER__HTTP", "1.1.1.1:2"}, {"SLUICE_API_KEY", "not a setting"}};
  const std::string file = "[router]\nhttp = \"9.9.9.9:9\"\nhttps = [\"a:1\", \"b:2\"]\n";
  EXPECT_EQ(load(sources, file).value().router.http, "1.1.1.1:2");
  EXPECT_EQ(load(sources, file).value().router.https, "a:1,b:2");
  sources.set = {"router.http="};
  EXPECT_EQ(load(sources, file).value().router.http, "");
}

TEST(Settings, value_is_split_at_the_first_equals_sign) {
  EXPECT_EQ(
      load({.config_file = "", .environment = {}, .set = {"api.public_url=http://x/?a=b"}}).value().api.public_url,
      "http://x/?a=b");
}

TEST(Settings, error_names_key_value_bounds_and_source) {
  const auto failed = load({.config_file = "", .environment = {}, .set = {"process.shards=1000"}});
  ASSERT_FALSE(failed);
  const std::string text = failed.error().text();
  for (const char* part : {"process.shards", "1000", "0..256", "--set"})
    EXPECT_NE(text.find(part), std::string::npos) << part << " in " << text;
}

TEST(Settings, unknown_key_is_an_error_with_its_line) {
  SettingsSources sources;
  sources.config_file = "s.toml";
  const auto failed = load(sources, "[router]\n\nhtpp = \"x\"\n");
  ASSERT_FALSE(failed);
  EXPECT_NE(failed.error().text().find("router.htpp"), std::string::npos);
  EXPECT_NE(failed.error().text().find("line 3"), std::string::npos);
}

TEST(Settings, refused_secret_is_not_shown) {
  const auto failed = load({.config_file = "", .environment = {}, .set = {"api.key"}});
  ASSERT_FALSE(failed);
  const auto words = load({.config_file = "", .environment = {}, .set = {"router.log_format=xml"}});
  ASSERT_FALSE(words);
  EXPECT_NE(words.error().text().find("heroku|heroku2"), std::string::npos);
}

TEST(Settings, every_row_has_a_sentence_and_is_described) {
  const std::string all = describe_settings();
  for (const SettingRow& row : settings_table()) {
    EXPECT_TRUE(row.sentence.ends_with(".")) << row.name;
    EXPECT_NE(all.find(row.name), std::string::npos);
  }
}

TEST(Settings, all_mistakes_are_found_at_once) {
  SettingsSources sources;
  sources.config_file = "s.toml";
  sources.environment = {{"SLUICE_ROUTER__HTPP", "1"}};
  sources.set = {"process.shards=9999", "nonsense"};
  OneFile files("[router]\nhtpp = 1\nidle_timeout = \"soon\"\n[api]\nkey = 1.5\n[nowhere]\nx = 1\n");
  const SettingsReading reading = read_settings(sources, files);
  ASSERT_EQ(reading.mistakes.size(), 7u);
  std::string all;
  for (const auto& mistake : reading.mistakes) all += mistake + "\n";
  for (const char* part :
       {"router.htpp, did you mean router.http? (from s.toml line 2)", "s.toml line 3", "s.toml line 5",
        "nowhere.x (from s.toml line 7)", "SLUICE_ROUTER__HTPP", "process.shards", "--set nonsense"})
    EXPECT_NE(all.find(part), std::string::npos) << part << " in " << all;
  EXPECT_EQ(reading.settings.router.idle_timeout, std::chrono::seconds(55));
}

TEST(Settings, a_setting_knows_where_it_comes_from) {
  SettingsSources sources;
  sources.config_file = "s.toml";
  sources.set = {"router.https="};
  OneFile files("[router]\nhttp = \"a:1\"\nhttps = \"a:2\"\n");
  const SettingsReading reading = read_settings(sources, files);
  EXPECT_EQ(reading.origin_of("router.http"), " (from s.toml line 2)");
  EXPECT_EQ(reading.origin_of("router.https"), " (from --set)");
  EXPECT_EQ(reading.origin_of("api.listen"), "");
}

TEST(Settings, words_count_in_any_order) {
  for (const char* roles : {"logplex,router", "router, logplex", "router,logplex"}) {
    const auto settings = load({.config_file = "", .environment = {}, .set = {std::string("process.roles=") + roles}});
    ASSERT_TRUE(settings) << roles;
    EXPECT_TRUE(settings.value().process.has_role("router"));
    EXPECT_TRUE(settings.value().process.has_role("logplex"));
  }
  EXPECT_FALSE(load({.config_file = "", .environment = {}, .set = {"process.roles=router,cook"}}));
  EXPECT_FALSE(load({.config_file = "", .environment = {}, .set = {"process.roles="}}));
}

TEST(Settings, changes_are_named_with_their_kind) {
  const Settings before = load({}).value();
  Settings after = before;
  EXPECT_TRUE(changed_settings(before, after).empty());
  after.process.log_level = "debug";
  after.router.idle_timeout = std::chrono::seconds(1);
  after.limits.lines_burst.amount = 77;
  after.api.key = Secret("another key");
  const auto changed = changed_settings(before, after);
  ASSERT_EQ(changed.size(), 4u);
  EXPECT_EQ(changed[0].name, "process.log_level");
  EXPECT_TRUE(changed[0].live);
  EXPECT_EQ(changed[1].name, "router.idle_timeout");
  EXPECT_FALSE(changed[1].live);
  EXPECT_EQ(changed[2].name, "api.key");
  EXPECT_EQ(changed[3].name, "limits.lines_burst");
}

}  // namespace
}  // namespace sluice
