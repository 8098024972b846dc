#pragma once

#include <functional>
#include <string>

#include "logplex/base/clock.hpp"
#include "logplex/base/rng.hpp"
#include "logplex/cli/client/api.hpp"
#include "logplex/cli/grammar/arguments.hpp"
#include "logplex/cli/view/output.hpp"

namespace sluice::cli {

/// The world as a command sees it: passed in, so that tests decide it. Everything outlives the command.
struct CommandWorld {
  Output& out;
  Output& err;
  Clock& clock;
  Rng& rng;
  std::function<void(std::chrono::milliseconds)> sleep;
  std::function<std::string(const char*)> environment;  // "" when unset
  std::function<void()> begin_stream;  // called before output that goes on until a signal or a closed output ends it
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
