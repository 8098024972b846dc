#include <gtest/gtest.h>

#include "logplex/api/calls/drain_url.hpp"
#include "logplex/api/calls/handlers.hpp"
#include "logplex/api/frame/accept_header.hpp"
#include "logplex/api/frame/auth.hpp"
#include "logplex/api/frame/json_body.hpp"
#include "logplex/api/tail/line_query.hpp"
#include "logplex/api/tail/times.hpp"
#include "logplex/model/decide/snapshot_editor.hpp"
#include "logplex/model/principal.hpp"
#include "logplex/net/http/authorization.hpp"
#include "logplex/wire/notice.hpp"

namespace sluice::api {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::minutes;

const WallTime kNow = std::chrono::sys_days{std::chrono::year{2026} / 3 / 4} + hours(5);

std::string field_of(std::string_view text, const BodySchema& schema) {
  const auto body = parse_body(text, schema);
  return body.has_error() ? body.error().field + "|" + body.error().sentence : "fine";
}

TEST(JsonBody, refuses_what_is_not_an_object) {
  EXPECT_EQ(field_of("[1]", kAppBody), "|invalid payload");
  EXPECT_EQ(field_of("", kAppBody), "|a JSON object is required as the body");
  EXPECT_TRUE(field_of("{not json", kAppBody).starts_with("|the body is not valid JSON"));
  EXPECT_TRUE(field_of("{} {}", kAppBody).starts_with("|the body is not valid JSON"));
  EXPECT_TRUE(field_of(std::string("{\"a\":\"\xff\"}"), kAppBody).starts_with("|the body is not valid JSON"));
  EXPECT_EQ(field_of("", kResumeBody), "fine");
}

TEST(JsonBody, depth_is_bounded) {
  const auto nested = [](int depth) {
    return "{\"features\":" + std::string(static_cast<std::size_t>(depth), '[') +
           std::string(static_cast<std::size_t>(depth), ']') + "}";
  };
  EXPECT_TRUE(field_of(nested(100), kAppBody).starts_with("|the body is not valid JSON"));
  EXPECT_TRUE(field_of(nested(100'000), kAppBody).starts_with("|the body is not valid JSON"));
}

TEST(JsonBody, number_of_values_is_bounded) {
  const auto tokens = [](std::size_t count) {
    std::string text = "{\"tokens\":[\"a,[{\\\"\"";
    while (count-- > 1) text += ",\"\"";
    return text + "]}";
  };
  EXPECT_EQ(field_of(tokens(BodyReader::kMostValues - 1), kChannelBody), "fine");
  EXPECT_EQ(field_of(tokens(BodyReader::kMostValues), kChannelBody), "|the body has more than 20000 values");
  std::string numbers = "{\"x\":[";
  for (std::size_t i = 0; i < BodyReader::kMostValues; ++i) numbers += "1,";
  BodyReader reader(kChannelBody);
  const auto refused = reader.take(numbers);
  ASSERT_TRUE(refused.has_error());
  EXPECT_EQ(refused.error().status, 422U);
}

TEST(JsonBody, where_it_is_cut_changes_nothing) {
  for (const std::string& text : {std::string(R"({"tokens":["a\"b","é,[{",""],"x":{"y":[1.5e3,true,null]}})"),
                                  std::string(R"({"tokens":["a)"), std::string("{} x"), std::string("[1]")}) {
    const auto whole = parse_body(text, kChannelBody);
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
      BodyReader reader(kChannelBody);
      auto taken = reader.take(std::string_view(text).substr(0, cut));
      if (taken.has_value()) taken = reader.take(std::string_view(text).substr(cut));
      const auto body = taken.has_value() ? reader.finish() : checked<boost::json::object>(taken.error());
      ASSERT_EQ(body.has_value(), whole.has_value()) << text << " cut at " << cut;
      if (whole) {
        EXPECT_EQ(*body, *whole) << text << " cut at " << cut;
      } else {
        EXPECT_EQ(body.error().sentence, whole.error().sentence) << text << " cut at " << cut;
      }
    }
  }
}

TEST(JsonBody, unknown_fields_are_named_unless_the_schema_is_open) {
  EXPECT_EQ(field_of(R"({"domainz":[]})", kAppBody), "domainz|unknown field domainz");
  EXPECT_EQ(field_of(R"({"anything":1,"tokens":["a"]})", kChannelBody), "fine");
}

TEST(JsonBody, shapes_are_checked_and_null_is_absent) {
  EXPECT_EQ(field_of(R"({"domains":"x"})", kAppBody), "domains|domains must be an array of strings");
  EXPECT_EQ(field_of(R"({"domains":[1]})", kAppBody), "domains|domains must be an array of strings");
  EXPECT_EQ(field_of(R"({"domains":null})", kAppBody), "fine");
  EXPECT_EQ(field_of(R"({})", kTokenBody), "name|name is required");
  EXPECT_EQ(field_of(R"({"name":null})", kTokenBody), "name|name is required");
  EXPECT_EQ(field_of(R"({"name":7})", kTokenBody), "name|name must be a string");
  EXPECT_TRUE(field_of(R"({"address":"h:1","soft":-1})", kBackendBody).starts_with("soft|"));
  EXPECT_TRUE(field_of(R"({"address":"h:1","soft":1.5})", kBackendBody).starts_with("soft|"));
}

TEST(Accept, picks_what_is_liked_best) {
  constexpr std::string_view kText = "text/plain";
  constexpr std::string_view kEvents = "text/event-stream";
  const auto best = [&](std::string_view accept) { return best_type(accept, {kText, kEvents}); };
  EXPECT_EQ(best(""), kText);
  EXPECT_EQ(best("*/*"), kText);
  EXPECT_EQ(best("text/event-stream"), kEvents);
  EXPECT_EQ(best("TEXT/EVENT-STREAM; q=1"), kEvents);
  EXPECT_EQ(best("text/plain;q=0.3, text/event-stream;q=0.4"), kEvents);
  EXPECT_EQ(best("text/*;q=0.5, text/plain;q=0"), kEvents);
  EXPECT_EQ(best("text/event-stream, */*;q=0.1"), kEvents);
  EXPECT_EQ(best("image/png"), "");
  EXPECT_EQ(best("*/*;q=0"), "");
  EXPECT_TRUE(is_media_type("Application/JSON; charset=utf-8", "application/json"));
  EXPECT_FALSE(is_media_type("application/jsonx", "application/json"));
}

TEST(Authorization, forms) {
  const auto bearer = Authorization::parse("bearer  abc");
  ASSERT_TRUE(bearer);
  EXPECT_EQ(bearer->secret, "abc");
  const auto basic = Authorization::parse("Basic dXNlcjpwYTpzcw==");  // user:pa:ss
  ASSERT_TRUE(basic);
  EXPECT_EQ(basic->user, "user");
  EXPECT_EQ(basic->secret, "pa:ss");
  EXPECT_TRUE(Authorization::parse("Basic dXNlcjpwYTpzcw"));
  for (const char* bad : {"", "Basic", "Basic ", "Basic !!!!", "Basic dXNlcg==", "Digest abc", "dXNlcjpwYTpzcw=="})
    EXPECT_FALSE(Authorization::parse(bad)) << bad;
  EXPECT_FALSE(Authorization::parse("Bearer " + std::string(100'000, 'x')));
}

TEST(Principal, scopes_and_channels) {
  SlotSequence slots;
  const ConfigSnapshot config = SnapshotEditor::empty(slots);
  Principal reader;
  reader.scopes.add(Scope::kDrainsWrite);
  reader.channels = KeyChannels{{"mine", std::nullopt}};
  EXPECT_TRUE(reader.may(Scope::kDrainsWrite));
  EXPECT_TRUE(reader.may(Scope::kDrainsRead));
  EXPECT_FALSE(reader.may(Scope::kAppsWrite));
  EXPECT_TRUE(reader.may_use(config, "mine"));
  EXPECT_FALSE(reader.may_use(config, "yours"));
  const Principal full = Principal::everything();
  EXPECT_TRUE(full.may(Scope::kAdmin));
  EXPECT_TRUE(full.may_use(config, "yours"));
}

TEST(Moment, timestamps_and_durations) {
  const WallTime noon = std::chrono::sys_days{std::chrono::year{2026} / 1 / 2} + hours(12);
  EXPECT_EQ(parse_moment("2026-01-02T12:00:00Z", kNow), noon);
  EXPECT_EQ(parse_moment("2026-01-02t14:30:00.5+02:30", kNow), noon + microseconds(500'000));
  EXPECT_EQ(parse_moment("2026-01-02T14:30:00 02:30", kNow), noon);  // a '+' that was not encoded
  EXPECT_EQ(parse_moment("2026-01-02T11:00:00.123456789-01:00", kNow), noon + microseconds(123'456));
  EXPECT_EQ(parse_moment("10m", kNow), kNow - minutes(10));
  for (const char* bad : {"", "yesterday", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-01-02T24:00:00Z",
                          "2026-01-02T12:00:00", "2026-01-02", "2026-01-02T12:00:00.Z", "2026-01-02T12:00:00Zx"})
    EXPECT_FALSE(parse_moment(bad, kNow)) << bad;
}

checked<LineQuery> query_of(QueryParameters::List list) { return LineQuery::from(QueryParameters(list), kNow); }

TEST(LineQuery, num_is_lenient_and_tail_is_not) {
  EXPECT_EQ(query_of({})->num, 100u);
  EXPECT_EQ(query_of({{"num", "5"}})->num, 5u);
  EXPECT_EQ(query_of({{"num", "0"}})->num, 0u);
  for (const char* junk : {"junk", "-5", "", "5x"}) EXPECT_EQ(query_of({{"num", junk}})->num, 100u) << junk;
  EXPECT_EQ(query_of({{"num", "99999999999999999999"}})->num, LineQuery::kMostNum);
  EXPECT_EQ(query_of({{"since", "1h"}})->num, LineQuery::kMostNum);
  EXPECT_EQ(query_of({{"since", "1h"}, {"num", "3"}})->num, 3u);
  for (const char* on : {"1", "true"}) EXPECT_TRUE(query_of({{"tail", on}})->tail);
  for (const char* off : {"0", "false"}) EXPECT_FALSE(query_of({{"tail", off}})->tail);
  EXPECT_EQ(query_of({{"tail", "yes"}}).error().field, "tail");
}

TEST(LineQuery, bad_parts_are_named) {
  EXPECT_EQ(query_of({{"since", "soon"}}).error().field, "since");
  const auto filter = query_of({{"filter", "source=app text~("}});
  ASSERT_TRUE(filter.has_error());
  EXPECT_EQ(filter.error().field, "filter");
  EXPECT_NE(filter.error().sentence.find("text~("), std::string::npos);
}

TEST(LineQuery, session_body_takes_strings_numbers_and_switches) {
  const auto query = [](std::string_view text) {
    const auto body = parse_body(text, kSessionBody);
    return LineQuery::from(body.value(), kNow).value();
  };
  EXPECT_EQ(query(R"({"channel_id":"c","num":"7","tail":true})").num, 7u);
  EXPECT_EQ(query(R"({"channel_id":"c","num":7,"tail":1})").num, 7u);
  EXPECT_TRUE(query(R"({"channel_id":"c","tail":"1","unknown":{}})").tail);
  EXPECT_FALSE(query(R"({"channel_id":"c","tail":false})").tail);
  EXPECT_FALSE(query(R"({"channel_id":"c","tail":null})").tail);
  EXPECT_EQ(field_of(R"({"num":3})", kSessionBody), "channel_id|channel_id is required");
}

TEST(LineQuery, text_form_gives_it_back) {
  LineQuery query;
  query.num = 12;
  query.tail = true;
  query.source = "a\"b";
  query.ps = "web";
  query.filter = "level<=warning";
  query.since = kNow;
  const auto back = LineQuery::from_text(query.to_text());
  ASSERT_TRUE(back);
  EXPECT_EQ(back->num, 12u);
  EXPECT_TRUE(back->tail);
  EXPECT_EQ(back->source, query.source);
  EXPECT_EQ(back->ps, query.ps);
  EXPECT_EQ(back->filter, query.filter);
  EXPECT_EQ(back->since, query.since);
  EXPECT_FALSE(back->until);
  for (const char* bad : {"", "[]", "{}", R"({"num":"x","tail":true})", R"({"num":1,"tail":1})"})
    EXPECT_FALSE(LineQuery::from_text(bad)) << bad;
}

bool matches(const LineQuery& query, std::string_view source, std::string_view process, WallTime received = kNow) {
  LineView line;
  line.source = source;
  line.process = process;
  line.received = received;
  line.text = "hello";
  LineMatcher::Cost cost{};
  return LineMatcher(query).matches(OwnedRecord(line).view(), cost);
}

TEST(LineMatcher, source_process_and_time) {
  LineQuery web;
  web.ps = "web";
  EXPECT_TRUE(matches(web, "app", "web"));
  EXPECT_TRUE(matches(web, "app", "web.1"));
  EXPECT_FALSE(matches(web, "app", "webx.1"));
  EXPECT_FALSE(matches(web, "app", "we"));
  LineQuery app;
  app.source = "app";
  EXPECT_TRUE(matches(app, "app", "x"));
  EXPECT_FALSE(matches(app, "apps", "x"));
  LineQuery between;
  between.since = kNow;
  between.until = kNow + hours(1);
  EXPECT_TRUE(matches(between, "a", "p", kNow));
  EXPECT_FALSE(matches(between, "a", "p", kNow - microseconds(1)));
  EXPECT_FALSE(matches(between, "a", "p", kNow + hours(1)));
}

unsigned status_of(std::string_view url, const AddressGuard& guard = {}) {
  const auto checked = check_drain_url(url, guard);
  return checked.has_error() ? checked.error().status : 200;
}

TEST(DrainUrl, schemes_and_shapes) {
  for (const char* good : {"http://logs.example/", "https://user:pass@logs.example/path?key=1", "syslog://logs.example",
                           "syslog+tls://logs.example:6514#insecure", "HTTPS://logs.example/", "kafka://a:1,b:2/topic",
                           "kafka+tls://u:p@a/topic?key=none#insecure"})
    EXPECT_EQ(status_of(good), 200u) << good;
  for (const char* bad : {"i am not a url", "http://", "", "/path"}) EXPECT_EQ(status_of(bad), 400u) << bad;
  for (const char* other : {"ftp://logs.example/", "udpsyslog://logs.example", "syslog://logs.example#insecure",
                            "syslog+tls://logs.example#other", "kafka://a", "kafka://a/topic?acks=1"})
    EXPECT_EQ(status_of(other), 422u) << other;
}

TEST(DrainUrl, addresses_are_guarded) {
  for (const char* inside : {"http://127.0.0.1:9/", "http://[::1]/", "syslog://10.1.2.3", "http://169.254.169.254/",
                             "http://localhost/", "http://[::ffff:127.0.0.1]/", "kafka://a.example,127.0.0.1/topic"})
    EXPECT_EQ(status_of(inside), 422u) << inside;
  const auto loopback = AddressGuard::parse({"127.0.0.0/8"});
  ASSERT_TRUE(loopback.has_value());
  EXPECT_EQ(status_of("http://127.0.0.1:9/", *loopback), 200u);
  EXPECT_EQ(status_of("http://localhost:9/", *loopback), 200u);
  EXPECT_EQ(status_of("http://10.0.0.1:9/", *loopback), 422u);
}

TEST(DrainUrl, formats) {
  EXPECT_EQ(default_drain_format("https://x"), "logplex");
  EXPECT_EQ(default_drain_format("SYSLOG://x"), "logplex");
  for (const char* good : {"", "logplex", "rfc5424", "ndjson"})
    EXPECT_TRUE(check_drain_format("https://x", good).has_value()) << good;
  EXPECT_TRUE(check_drain_format("syslog://x", "rfc5424").has_value());
  EXPECT_EQ(check_drain_format("syslog://x", "ndjson").error().field, "format");
  EXPECT_EQ(check_drain_format("https://x", "otlp").error().status, 422u);
}

}  // namespace
}  // namespace sluice::api
