#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/object.hpp>
#include <boost/json/stream_parser.hpp>

#include "logplex/api/frame/answer.hpp"
#include "logplex/api/frame/route.hpp"
#include "logplex/runtime/turn_work.hpp"

namespace sluice::api {

/// Reads a request body and checks it against its schema: valid JSON (at most 32 levels, at most kMostValues values),
/// an object, no unlisted members unless the schema is open, all required members present, every listed member of its
/// shape. Errors name the member.
///
///     BodyReader reader(schema);
///     for each piece of the body: take(piece), which costs about cost(piece.size())
///     finish()
///
/// It reads in pieces, because a megabyte of small values takes 20 ms. Work that cannot be divided, such as indexing an
/// object's members at its end, is bounded by kMostValues. Lives in the call's task.
class BodyReader {
 public:
  /// An app with a thousand backends and domains has half as many. More values are answered with 422.
  static constexpr std::size_t kMostValues = 20'000;
  /// The size of a piece for take().
  static constexpr std::size_t kPiece = 4 << 10;
  static constexpr Work cost(std::size_t bytes) { return 10 * bytes; }

  explicit BodyReader(const BodySchema& schema);

  checked<void> take(std::string_view piece);
  checked<boost::json::object> finish();

 private:
  void count_values(std::string_view piece);

  const BodySchema& schema_;
  boost::json::stream_parser parser_;
  std::size_t values_ = 0;
  bool empty_ = true;
  bool in_string_ = false;
  bool escaped_ = false;
};

/// Reads the whole body at once.
checked<boost::json::object> parse_body(std::string_view text, const BodySchema& schema);

/// Checks an object inside a body; `where` precedes the names in errors ("backends[0]").
checked<void> check_object(const boost::json::object& object, const BodySchema& schema, std::string_view where = {});

// Readers for members whose shape has been checked.

/// Null when the member is absent or null.
const boost::json::value* member(const boost::json::object& object, std::string_view name);
std::string string_or(const boost::json::object& object, std::string_view name, std::string_view fallback = {});
std::optional<std::string> string_at(const boost::json::object& object, std::string_view name);
std::optional<bool> bool_at(const boost::json::object& object, std::string_view name);
std::uint64_t number_or(const boost::json::object& object, std::string_view name, std::uint64_t fallback);
std::vector<std::string> strings_at(const boost::json::object& object, std::string_view name);
/// A string as it is, a number as its digits.
std::optional<std::string> text_at(const boost::json::object& object, std::string_view name);
bool switch_at(const boost::json::object& object, std::string_view name);

}  // namespace sluice::api
