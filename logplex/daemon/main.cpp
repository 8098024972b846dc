#include <sys/prctl.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <exception>

#include <fmt/format.h>

#include "logplex/base/bytes/aligned_pages.hpp"
#include "logplex/base/directory_files.hpp"
#include "logplex/base/log.hpp"
#include "logplex/daemon/limits_at_start.hpp"
#include "logplex/daemon/node.hpp"
#include "logplex/daemon/options.hpp"
#include "logplex/daemon/settings_check.hpp"

namespace sluice::daemon {
namespace {

constexpr int kCouldNotStart = 1;
constexpr int kWrongSetting = 2;

LogLevel level_named(const std::string& name) {
  if (name == "debug") return LogLevel::kDebug;
  if (name == "warning") return LogLevel::kWarning;
  return name == "error" ? LogLevel::kError : LogLevel::kInfo;
}

/// SIGHUP: applies the settings that can change live and logs those that need a restart. A mistake in the settings
/// leaves all of them unchanged.
void reload(const SettingsSources& sources, Files& files, Settings& in_force) {
  const SettingsReading reading = read_and_check_settings(sources, files);
  if (!reading.mistakes.empty()) {
    for (const auto& mistake : reading.mistakes) log_error("settings not reloaded", {{"error", mistake}});
    return;
  }
  for (const ChangedSetting& changed : changed_settings(in_force, reading.settings)) {
    if (changed.live) {
      log_info(fmt::format("{} changed", changed.name));
    } else {
      log_warning(fmt::format("{} changed and needs a restart", changed.name));
    }
  }
  in_force.process.log_level = reading.settings.process.log_level;
  set_log_level(level_named(in_force.process.log_level));
  log_info("settings reloaded");
}

int complain(const Error& error, int status) {
  std::fprintf(stderr, "sluiced: %s\n", error.text().c_str());
  return status;
}

int complain(const std::vector<std::string>& mistakes) {
  for (const auto& mistake : mistakes) std::fprintf(stderr, "sluiced: %s\n", mistake.c_str());
  return kWrongSetting;
}

/// Also checks the data directory; a later start may find it changed.
int check_config(SettingsReading reading) {
  const std::string& data_dir = reading.settings.process.data_dir;
  if (const auto usable = DirectoryFiles::check(data_dir); !usable)
    reading.mistakes.push_back("setting process.data_dir" + reading.origin_of("process.data_dir") + ": " +
                               usable.error().text());
  if (!reading.mistakes.empty()) return complain(reading.mistakes);
  std::puts("settings are valid");
  return 0;
}

/// A core dump contains keys and tenants' log lines. PR_SET_DUMPABLE also decides whether other processes of the same
/// user may read our memory.
void allow_core_dumps(bool allowed) { ::prctl(PR_SET_DUMPABLE, allowed ? 1 : 0); }

/// A failed write returns its error instead of a signal: our log goes to a closed pipe, or a file reaches its size
/// limit.
void ignore_write_signals() {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
}

int serve(const Options& options) {
  ignore_write_signals();
  end_when_out_of_memory();
  SystemFiles files;
  SystemClock clock;
  SettingsReading reading = read_and_check_settings(options.sources, files);
  if (options.check_config) return check_config(std::move(reading));
  if (!reading.mistakes.empty()) return complain(reading.mistakes);
  Settings in_force = std::move(reading.settings);
  allow_core_dumps(in_force.process.core_dumps);
  set_log_level(level_named(in_force.process.log_level));
  auto node = Node::make(fit_to_limits(in_force), clock);
  if (!node) return complain(node.error(), kCouldNotStart);
  (*node)->run([&] { reload(options.sources, files, in_force); });
  return 0;
}

}  // namespace
}  // namespace sluice::daemon

int main(int argc, char** argv) {
  const auto parsed = sluice::daemon::parse_options(argc, argv, environ);
  if (parsed.exit_status) return *parsed.exit_status;
  try {
    return sluice::daemon::serve(parsed.options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "sluiced: %s\n", error.what());
    return 1;
  }
}
