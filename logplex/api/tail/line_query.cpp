#include "logplex/api/tail/line_query.hpp"

#include <charconv>
#include <functional>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "logplex/api/frame/json_body.hpp"
#include "logplex/api/tail/times.hpp"
#include "logplex/base/bytes/utf8.hpp"

namespace sluice::api {
namespace json = boost::json;
namespace {

constexpr std::size_t kLongestName = 1024;
/// Work to check a line without a filter.
constexpr std::uint64_t kWorkPerLook = 50;

constexpr BodyField kSessionFields[] = {
    {"channel_id", JsonShape::kText, true, "channel to read"},
    {"num", JsonShape::kText, false, "lines of history, 100 when absent"},
    {"tail", JsonShape::kSwitch, false, "keep the stream open for new lines"},
    {"source", JsonShape::kString, false, "only this source"},
    {"ps", JsonShape::kString, false, "only this process, such as web.1, or all of one type, such as web"},
    {"filter", JsonShape::kString, false, "filter terms, ANDed"},
    {"since", JsonShape::kString, false, "RFC 3339 time or a duration ago"},
    {"until", JsonShape::kString, false, "RFC 3339 time or a duration ago"},
};

/// Returns a part of a query by name; none when it is absent.
using Source = std::function<std::optional<std::string>(std::string_view)>;

std::optional<std::uint64_t> parse_num(const std::string& text) {
  std::uint64_t number = 0;
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, number);
  if (error == std::errc::result_out_of_range) return LineQuery::kMostNum;
  if (error != std::errc() || end != last) return std::nullopt;
  return std::min(number, LineQuery::kMostNum);
}

checked<void> read_moment(const Source& source, std::string_view name, WallTime now, std::optional<WallTime>& out) {
  const auto text = source(name);
  if (!text || text->empty()) return {};
  out = parse_moment(*text, now);
  if (out) return {};
  return BadInput{std::string(name) + " must be an RFC 3339 time or a duration such as 10m", std::string(name)};
}

checked<void> read_name(const Source& source, std::string_view name, std::string& out) {
  out = source(name).value_or("");
  if (out.size() > kLongestName) return BadInput{std::string(name) + " is too long", std::string(name)};
  if (!is_plain_text(out))
    return BadInput{std::string(name) + " must be text without control characters", std::string(name)};
  return {};
}

checked<void> read_filter(const Source& source, std::string& out) {
  const auto text = source("filter");
  if (!text) return {};
  auto filter = Filter::parse(*text);
  if (filter.has_error()) return bad_filter(filter.error());
  out = filter->str();
  return {};
}

checked<LineQuery> read_query(const Source& source, WallTime now) {
  LineQuery query;
  SLUICE_TRY_VOID(read_name(source, "source", query.source));
  SLUICE_TRY_VOID(read_name(source, "ps", query.ps));
  SLUICE_TRY_VOID(read_filter(source, query.filter));
  SLUICE_TRY_VOID(read_moment(source, "since", now, query.since));
  SLUICE_TRY_VOID(read_moment(source, "until", now, query.until));
  const auto num = source("num");
  if (num)
    query.num = parse_num(*num).value_or(LineQuery::kDefaultNum);
  else if (query.since)
    query.num = LineQuery::kMostNum;
  return query;
}

std::optional<WallTime> moment_at(const json::object& object, std::string_view name) {
  const auto* value = member(object, name);
  if (value == nullptr || !value->is_int64()) return std::nullopt;
  return WallTime(std::chrono::microseconds(value->get_int64()));
}

}  // namespace

const BodySchema kSessionBody{kSessionFields, true};

checked<LineQuery> LineQuery::from(const QueryParameters& parameters, WallTime now) {
  const Source source = [&parameters](std::string_view name) -> std::optional<std::string> {
    const auto* value = parameters.find(name);
    return value == nullptr ? std::nullopt : std::optional(*value);
  };
  SLUICE_TRY(auto query, read_query(source, now));
  SLUICE_TRY(query.tail, parameters.flag("tail"));
  return query;
}

checked<LineQuery> LineQuery::from(const json::object& body, WallTime now) {
  const Source source = [&body](std::string_view name) { return api::text_at(body, name); };
  SLUICE_TRY(auto query, read_query(source, now));
  query.tail = switch_at(body, "tail");
  return query;
}

std::string LineQuery::to_text() const {
  json::object out{{"num", num}, {"tail", tail}};
  if (!source.empty()) out["source"] = source;
  if (!ps.empty()) out["ps"] = ps;
  if (!filter.empty()) out["filter"] = filter;
  if (since) out["since_us"] = since->time_since_epoch().count();
  if (until) out["until_us"] = until->time_since_epoch().count();
  return json::serialize(out);
}

std::optional<LineQuery> LineQuery::from_text(std::string_view text) {
  error_code error;
  const auto value = json::parse(text, error);
  if (error || !value.is_object()) return std::nullopt;
  const auto& object = value.get_object();
  const auto* num = member(object, "num");
  const auto* tail = member(object, "tail");
  if (num == nullptr || !num->is_number() || tail == nullptr || !tail->is_bool()) return std::nullopt;
  LineQuery query;
  query.num = num->to_number<std::uint64_t>(error);
  query.tail = tail->get_bool();
  query.source = string_or(object, "source");
  query.ps = string_or(object, "ps");
  query.filter = string_or(object, "filter");
  query.since = moment_at(object, "since_us");
  query.until = moment_at(object, "until_us");
  return query;
}

LineMatcher::LineMatcher(const LineQuery& query)
    : source_(query.source), ps_(query.ps), since_(query.since), until_(query.until) {
  // The filter was checked when the query was made. If this version cannot parse it, show all lines rather than hide
  // some.
  if (auto filter = Filter::parse(query.filter); filter.has_value()) filter_ = std::move(*filter);
}

bool LineMatcher::matches(const RecordView& record, Cost& cost) const {
  cost.work += kWorkPerLook;
  if (!source_.empty() && record.source() != source_) return false;
  if (!ps_.empty() && !process_matches(record.process())) return false;
  if (since_ && record.received() < *since_) return false;
  if (until_ && record.received() >= *until_) return false;
  return filter_.empty() || filter_.matches(record, cost);
}

bool LineMatcher::process_matches(std::string_view process) const {
  if (!process.starts_with(ps_)) return false;
  return process.size() == ps_.size() || process[ps_.size()] == '.';
}

}  // namespace sluice::api
