#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>

#include "logplex/api/frame/answer.hpp"
#include "logplex/api/frame/query.hpp"
#include "logplex/api/frame/route.hpp"
#include "logplex/base/clock.hpp"
#include "logplex/wire/filter.hpp"

namespace sluice::api {

/// Which lines a reader wants, and whether it waits for new ones. `GET .../logs` and sessions use the same query.
struct LineQuery {
  static constexpr std::uint64_t kDefaultNum = 100;
  static constexpr std::uint64_t kMostNum = 1'000'000;

  std::uint64_t num = kDefaultNum;  // that many of the newest matching lines, or all if there are fewer
  bool tail = false;
  std::string source;             // exactly this source; empty = all
  std::string ps;                 // this process, or any whose name is this and a dot and more; empty = all
  std::string filter;             // canonical text, checked
  std::optional<WallTime> since;  // when we received the line, inclusive
  std::optional<WallTime> until;  // when we received the line, exclusive

  /// From a query string. A num that is not a number becomes the default, as in Logplex. With since and without num,
  /// num is kMostNum: all lines since then.
  static checked<LineQuery> from(const QueryParameters& query, WallTime now);
  /// From a session's body, whose shapes have been checked (kSessionBody).
  static checked<LineQuery> from(const boost::json::object& body, WallTime now);

  /// Converts a session's query to its stored form and back. None when to_text() did not write the text.
  std::string to_text() const;
  static std::optional<LineQuery> from_text(std::string_view text);
};

/// The members of a session's body and parameters of a logs call that describe lines, besides channel_id.
extern const BodySchema kSessionBody;

/// Most work to compile one byte of a filter.
inline constexpr std::uint64_t kWorkToCompile = 500;

/// Decides for each line whether it matches. Created once per reader, on the shard where the reader runs.
class LineMatcher {
 public:
  explicit LineMatcher(const LineQuery& query);

  /// The cost of matching lines: see Filter::Tally.
  using Cost = Filter::Tally;
  /// True when the line matches; never call it for a gap. Adds the cost of the check.
  bool matches(const RecordView& record, Cost& cost) const;
  /// True when no later line can match: it was received at or after `until`.
  bool past_end(WallTime received) const { return until_ && received >= *until_; }

 private:
  bool process_matches(std::string_view process) const;

  std::string source_;
  std::string ps_;
  Filter filter_;
  std::optional<WallTime> since_;
  std::optional<WallTime> until_;
};

}  // namespace sluice::api
