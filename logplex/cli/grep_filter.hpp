#pragma once

#include <string>
#include <string_view>

#include "logplex/base/result.hpp"

namespace sluice::cli {

/// The filter term text~EXPRESSION for an RE2 expression. Terms end at blanks, so blanks and quotes inside the
/// expression are written as escapes that mean the same. Error: kUsage, RE2's own words for a bad expression.
result<std::string, Error> grep_term(std::string_view expression);

}  // namespace sluice::cli
