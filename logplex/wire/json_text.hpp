#pragma once

#include <string>

#include <boost/json/value.hpp>

namespace sluice {

/// The value as JSON on one line, with numbers as people write them: 0, 3.672, 12.5. (Boost.JSON's own serializer
/// writes every fraction with an exponent, 3.672E0.) A number that JSON cannot hold, such as infinity, becomes null;
/// each byte that is not UTF-8 becomes U+FFFD. Recursive: only for values that we built or parsed with a bound on their
/// depth.
std::string json_text(const boost::json::value& value);

}  // namespace sluice
