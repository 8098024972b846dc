#pragma once

#include <functional>
#include <string>

#include "logplex/base/clock.hpp"
#include "logplex/base/rng.hpp"
#include "logplex/cli/client/api.hpp"
#include "logplex/cli/grammar/arguments.hpp"
#include "logplex/cli/view/output.hpp"

namespace sluice::cli {

/// Everything outside the program that a command uses; passed in, so that tests can replace it. Must outlive the
/// command.
struct CommandWorld {
  Output& out;
  Output& err;
  Clock& clock;
  Rng& rng;
  std::function<void(std::chrono::milliseconds)> sleep;
  std::function<std::string(const char*)> environment;  // "" when unset
  std::function<void()> begin_stream;                   // call before output that only a signal or a closed output ends
  ApiFactory make_api;
  int input = 0;  // descriptor
  bool out_is_terminal = false;
  bool err_is_terminal = false;
};

/// One run of one command.
struct CommandRun {
  CommandWorld& world;
  const Arguments& arguments;
  Endpoint endpoint;
  Secret key;
  Api& api;

  result<void, Error> print(std::string_view text) const { return world.out.write(text); }
};

}  // namespace sluice::cli
