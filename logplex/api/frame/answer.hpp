#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include "logplex/base/result.hpp"

namespace sluice::api {

/// The answer of a handler. `streamed`: the handler has already written the whole answer.
struct ApiAnswer {
  unsigned status = 200;
  std::string body;
  std::string_view content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers;
  bool streamed = false;
};

ApiAnswer json_answer(unsigned status, const boost::json::value& body);
/// `{"error": sentence, "field"?: field}`.
ApiAnswer error_answer(unsigned status, std::string_view sentence, std::string_view field = {});
ApiAnswer text_answer(unsigned status, std::string_view text);
/// `{"items": [...], "next": cursor or null}`.
ApiAnswer list_answer(boost::json::array items, std::string_view next);
/// 204 without a body.
ApiAnswer no_content();

/// For a handler that has already written the answer.
ApiAnswer streamed_answer();

/// The answer for a refused change: 403, 404, 409, 422, 400; 503 with Retry-After when the configuration cannot be
/// written now.
ApiAnswer answer_for(const Error& error, std::string_view field = {});

/// 429: the caller's key already holds its whole share of the API.
ApiAnswer share_is_taken();

/// Why the input of a call is refused, and the field at fault: 400 or 422, or 429 and 503 when a limit is reached.
struct BadInput {
  std::string sentence;
  std::string field;
  unsigned status = 400;

  /// With Retry-After when the same call may succeed later: 429 and 503.
  ApiAnswer answer() const;
};

/// A filter that cannot be read is 400, one that costs too much for each line is 422.
BadInput bad_filter(const Error& error);

/// A value, or what was wrong with the input.
template <class T>
using checked = boost::system::result<T, BadInput>;

[[noreturn]] void throw_exception_from_error(const BadInput& bad, const boost::source_location&);

}  // namespace sluice::api
