#include "logplex/cli/grammar/arguments.hpp"

#include <gtest/gtest.h>

#include "logplex/cli/commands.hpp"
#include "logplex/cli/grammar/completion.hpp"

namespace sluice::cli {
namespace {

Arguments parsed(const std::vector<std::string>& words) {
  const auto result = parse_arguments(words);
  EXPECT_TRUE(result.run) << result.error;
  return result.arguments;
}

TEST(Arguments, global_options_stand_anywhere) {
  for (const std::vector<std::string>& words : {std::vector<std::string>{"--url", "http://x", "--json", "apps", "list"},
                                                {"apps", "--url", "http://x", "--json", "list"},
                                                {"apps", "list", "--json", "--url", "http://x"}}) {
    const Arguments a = parsed(words);
    EXPECT_EQ(a.command, "apps list");
    EXPECT_EQ(a.url, "http://x");
    EXPECT_TRUE(a.json);
  }
}

TEST(Arguments, an_app_may_be_named_like_a_command) {
  EXPECT_EQ(parsed({"apps", "create", "status"}).subject, "status");
  EXPECT_EQ(parsed({"apps", "show", "list"}).subject, "list");
}

TEST(Arguments, repeated_options_take_one_value_each) {
  const Arguments a =
      parsed({"apps", "create", "-b", "h:1", "--backend", "web.2=h:2", "--domain", "a.example", "shop"});
  EXPECT_EQ(a.subject, "shop");
  EXPECT_EQ(a.backends, (std::vector<std::string>{"h:1", "web.2=h:2"}));
  EXPECT_EQ(a.domains, (std::vector<std::string>{"a.example"}));
}

TEST(Arguments, a_filter_may_begin_with_a_dash) {
  EXPECT_EQ(parsed({"logs", "-a", "x", "--filter", "-source=heroku"}).log.filter, "-source=heroku");
}

TEST(Arguments, the_environment_names_the_app_when_the_words_do_not) {
  ::setenv("SLUICE_APP", "from-env", 1);
  EXPECT_EQ(parsed({"logs", "-a", "shop"}).app, "shop");
  EXPECT_EQ(parsed({"tokens", "list"}).app, "from-env");
  EXPECT_EQ(parsed({"drains", "list"}).app, "from-env");
  EXPECT_TRUE(parsed({"drains", "list", "--global"}).global);
  ::unsetenv("SLUICE_APP");
  EXPECT_EQ(parse_arguments({"drains", "list", "--global", "-a", "shop"}).status, 2);
}

TEST(Arguments, tail_is_logs_that_follow) {
  EXPECT_TRUE(parsed({"tail", "-a", "x"}).log.follow);
  EXPECT_TRUE(parsed({"logs", "-a", "x", "-t", "-n", "5"}).log.follow);
  EXPECT_FALSE(parsed({"logs", "-a", "x"}).log.follow);
}

TEST(Arguments, wrong_usage_is_one_line_and_status_2) {
  for (const std::vector<std::string>& words : {std::vector<std::string>{},
                                                {"frob"},
                                                {"apps"},
                                                {"apps", "frob"},
                                                {"apps", "create"},
                                                {"logs"},
                                                {"drains", "list"},
                                                {"logs", "-a", "x", "-n", "many"},
                                                {"logs", "-a", "x", "--color", "blue"},
                                                {"apps", "list", "extra"},
                                                {"apps", "list", "--frob"}}) {
    const auto result = parse_arguments(words);
    EXPECT_FALSE(result.run);
    EXPECT_EQ(result.status, 2);
    EXPECT_NE(result.error.find("--help"), std::string::npos);
    EXPECT_EQ(result.error.find('\n'), std::string::npos);
  }
}

TEST(Arguments, an_unknown_command_is_named) {
  EXPECT_NE(parse_arguments({"frob"}).error.find("frob"), std::string::npos);
  EXPECT_NE(parse_arguments({"apps", "frob"}).error.find("frob"), std::string::npos);
}

TEST(Arguments, every_command_has_help_with_an_example_and_somebody_who_runs_it) {
  for (const auto& shape : command_shapes()) {
    std::vector<std::string> words;
    std::string word;
    for (const char c : shape.path + " ") {
      if (c != ' ') {
        word += c;
      } else if (!word.empty()) {
        words.push_back(std::exchange(word, {}));
      }
    }
    words.emplace_back("--help");
    const auto help = parse_arguments(words);
    EXPECT_EQ(help.status, 0);
    EXPECT_NE(help.output.find("sluice " + shape.path), std::string::npos) << shape.path;
    EXPECT_NE(help.output.find("Examples:"), std::string::npos) << shape.path;
    if (!shape.subcommands.empty()) continue;
    EXPECT_NE(find_command(shape.path), nullptr) << shape.path;
  }
}

TEST(Arguments, a_number_that_is_none_is_named_in_a_short_sentence) {
  for (const char* number : {"-1", "1.5", "many", "99999999999999999999"}) {
    const auto result = parse_arguments({"logs", "-a", "shop", "-n", number});
    EXPECT_EQ(result.status, 2);
    EXPECT_NE(result.error.find(number), std::string::npos) << result.error;
    EXPECT_LT(result.error.size(), 150U) << result.error;
  }
}

TEST(Arguments, version_says_the_version) {
  const auto result = parse_arguments({"--version"});
  EXPECT_EQ(result.status, 0);
  EXPECT_TRUE(result.output.starts_with("sluice "));
}

TEST(Completion, scripts_name_every_command_and_option) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const std::string script = completion_script(shell, command_shapes());
    for (const char* word : {"replay", "revoke", "timestamps", "completion", "client-cert"}) {
      EXPECT_NE(script.find(word), std::string::npos) << shell << " " << word;
    }
  }
}

}  // namespace
}  // namespace sluice::cli
