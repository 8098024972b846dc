#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "logplex/cli/grammar/arguments.hpp"

namespace sluice::cli {

/// The completion script of a shell ("bash", "zsh" or "fish") for a command tree.
std::string completion_script(std::string_view shell, const std::vector<CommandShape>& shapes);

}  // namespace sluice::cli
