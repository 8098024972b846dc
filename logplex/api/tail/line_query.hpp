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

/// Which lines a reader wants, and whether it stays for new ones. The same in `GET .../logs` and in sessions.
struct LineQuery {
  static constexpr std::uint64_t kDefaultNum = 100;
  static constexpr std::uint64_t kMostNum = 1'000'000;

  std::uint64_t num = kDefaultNum;  // exactly that many of the newest matching lines, or all there are
  bool tail = false;
  std::string source;             // exactly this source; empty = all
  std::string ps;                 // this process, or one that begins with it and a dot; empty = all
  std::string filter;             // canonical text, checked
  std::optional<WallTime> since;  // of receiving, inclusive
  std::optional<WallTime> until;  // of receiving, exclusive

  /// Of a query string. A num that is not a number is the default, as Logplex had it. With since and without num, num
  /// is kMostNum: everything since then.
  static checked<LineQuery> from(const QueryParameters& query, WallTime now);
  /// Of a session's body, whose shapes have been checked (kSessionBody).
  static checked<LineQuery> from(const boost::json::object& body, WallTime now);

  /// The stored form of a session's query, and back. None when it was not written by to_text().
  std::string to_text() const;
  static std::optional<LineQuery> from_text(std::string_view text);
};

/// Members of the session's body and of the logs call that describe lines, beside channel_id.
extern const BodySchema kSessionBody;

/// What it takes to compile a byte of a filter, at most.
inline constexpr std::uint64_t kWorkToCompile = 500;

/// Decides per line. Made once per reader on the shard where it runs.
class LineMatcher {
 public:
  explicit LineMatcher(const LineQuery& query);

  /// What lines did cost: see Filter::Tally.
  using Cost = Filter::Tally;
  /// Lines only, never gaps. Adds what it did cost.
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
