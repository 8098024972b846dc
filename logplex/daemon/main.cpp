#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <exception>

#include "logplex/base/aligned_pages.hpp"
#include "logplex/base/log.hpp"
#include "logplex/daemon/limits_at_start.hpp"
#include "logplex/daemon/node.hpp"
#include "logplex/daemon/options.hpp"
#include "logplex/daemon/settings_check.hpp"

namespace sluice {
namespace {

constexpr int kCouldNotStart = 1;
constexpr int kWrongSetting = 2;

LogLevel level_named(const std::string& name) {
  if (name == "debug") return LogLevel::kDebug;
  if (name == "warning") return LogLevel::kWarning;
  return name == "error" ? LogLevel::kError : LogLevel::kInfo;
}

result<Settings, Error> read_settings(const SettingsSources& sources, Files& files) {
  SLUICE_TRY(Settings settings, load_settings(sources, files));
  SLUICE_TRY_VOID(check_settings(settings));
  return settings;
}

/// SIGHUP: what can change live does; a wrong file changes nothing.
void reload(const SettingsSources& sources, Files& files) {
  const auto settings = read_settings(sources, files);
  if (!settings) {
    log_error("settings not reloaded", {{"error", settings.error().text()}});
    return;
  }
  set_log_level(level_named(settings->process.log_level));
  log_info("settings reloaded");
}

int complain(const Error& error, int status) {
  std::fprintf(stderr, "sluiced: %s\n", error.text().c_str());
  return status;
}

/// What a write meets comes back as its error: a closed pipe behind the own log, a file at its size limit.
void ignore_write_signals() {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
}

int serve(const Options& options) {
  ignore_write_signals();
  end_when_out_of_memory();
  SystemFiles files;
  SystemClock clock;
  const auto settings = read_settings(options.sources, files);
  if (!settings) return complain(settings.error(), kWrongSetting);
  if (options.check_config) {
    std::puts("settings are valid");
    return 0;
  }
  set_log_level(level_named(settings->process.log_level));
  auto node = Node::make(fit_to_limits(*settings), clock, files);
  if (!node) return complain(node.error(), kCouldNotStart);
  (*node)->run([&] { reload(options.sources, files); });
  return 0;
}

}  // namespace
}  // namespace sluice

int main(int argc, char** argv) {
  const auto parsed = sluice::parse_options(argc, argv, environ);
  if (parsed.exit_status) return *parsed.exit_status;
  try {
    return sluice::serve(parsed.options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "sluiced: %s\n", error.what());
    return 1;
  }
}
