#pragma once

#include <map>
#include <string>
#include <vector>

#include "logplex/cli/client/http_api.hpp"
#include "logplex/cli/commands.hpp"

namespace sluice::cli {

/// Runs command lines in this process against a real socket, with time, chance and environment of the test's choice.
class CommandBench {
 public:
  CommandBench()
      : rng_(7),
        world_{out_,
               err_,
               clock_,
               rng_,
               [this](std::chrono::milliseconds time) { pauses_.push_back(time); },
               [this](const char* name) { return environment_.count(name) ? environment_.at(name) : std::string(); },
               [this] { ++streams_; },
               make_http_api} {
    environment_["HOME"] = "/nonexistent";
  }

  int run(const std::vector<std::string>& words) {
    out_ = StringOutput();
    err_ = StringOutput();
    return run_program(world_, words);
  }

  const std::string& out() const { return out_.text(); }
  const std::string& err() const { return err_.text(); }
  CommandWorld& world() { return world_; }
  std::map<std::string, std::string>& environment() { return environment_; }
  const std::vector<std::chrono::milliseconds>& pauses() const { return pauses_; }
  int streams() const { return streams_; }

 private:
  StringOutput out_;
  StringOutput err_;
  ManualClock clock_;
  SeededRng rng_;
  std::map<std::string, std::string> environment_;
  std::vector<std::chrono::milliseconds> pauses_;
  int streams_ = 0;
  CommandWorld world_;
};

}  // namespace sluice::cli
