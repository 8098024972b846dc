#include <unistd.h>

#include <cstdio>
#include <exception>

#include "logplex/base/log.hpp"
#include "logplex/daemon/options.hpp"

namespace {

constexpr int kWrongSetting = 2;

}  // namespace

int main(int argc, char** argv) {
  using namespace sluice;
  const ParsedOptions parsed = parse_options(argc, argv, environ);
  if (parsed.exit_status) return *parsed.exit_status;
  SystemFiles files;
  const auto settings = load_settings(parsed.options.sources, files);
  if (!settings) {
    std::fprintf(stderr, "sluiced: %s\n", settings.error().text().c_str());
    return kWrongSetting;
  }
  if (parsed.options.check_config) {
    std::puts("settings are valid");
    return 0;
  }
  return 0;
}
