#pragma once

#include <string>
#include <string_view>

#include "logplex/base/result.hpp"

namespace sluice::cli {

/// The filter term text~EXPRESSION for an RE2 expression. Filter terms end at blanks, so blanks and quotes in the
/// expression become equivalent escapes. Error: kUsage, with RE2's message about a bad expression.
result<std::string, Error> grep_term(std::string_view expression);

}  // namespace sluice::cli
