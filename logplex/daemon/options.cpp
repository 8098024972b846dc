#include "logplex/daemon/options.hpp"

#include <cstdio>

#include <CLI/CLI.hpp>

namespace sluice::daemon {
namespace {

constexpr int kWrongUse = 2;

void read_environment(char** environment, std::map<std::string, std::string>& out) {
  for (char** entry = environment; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    if (const auto equals = text.find('='); equals != std::string_view::npos)
      out.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
}

constexpr const char* kExamples = R"(Examples:
  sluiced --data-dir /var/lib/sluice
  sluiced --config /etc/sluice.toml --set router.http=0.0.0.0:80
  sluiced --set router.https= --check-config

Settings come from the TOML file, then SLUICE_SECTION__KEY in the environment, then --set; the last one wins.
Exit status: 0 stopped as asked, 1 could not start, 2 wrong setting or use.)";

}  // namespace

ParsedOptions parse_options(int argc, char** argv, char** environment) {
  ParsedOptions parsed;
  std::string data_dir;
  bool help_settings = false;
  CLI::App app("sluiced routes HTTP requests to apps, gathers their logs and delivers them.", "sluiced");
  app.footer(kExamples);
  app.add_option("--config", parsed.options.sources.config_file, "TOML file with settings")->type_name("FILE");
  app.add_option("--data-dir", data_dir, "Same as --set process.data_dir=DIR")->type_name("DIR");
  app.add_option("--set", parsed.options.sources.set, "Set one setting; may be repeated")
      ->type_name("SECTION.KEY=VALUE")
      ->take_all()
      ->allow_extra_args(false);
  app.add_flag("--check-config", parsed.options.check_config, "Check the settings and exit");
  app.add_flag("--help-settings", help_settings, "Print every setting and exit");
  app.set_version_flag("--version", "sluiced " SLUICE_VERSION);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    parsed.exit_status = app.exit(error) == 0 ? 0 : kWrongUse;
    return parsed;
  }
  if (help_settings) {
    std::fputs(describe_settings().c_str(), stdout);
    parsed.exit_status = 0;
  }
  if (!data_dir.empty())
    parsed.options.sources.set.insert(parsed.options.sources.set.begin(), "process.data_dir=" + data_dir);
  read_environment(environment, parsed.options.sources.environment);
  return parsed;
}

}  // namespace sluice::daemon
