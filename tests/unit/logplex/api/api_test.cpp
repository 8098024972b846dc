#include <set>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include "logplex/api/frame/json_body.hpp"
#include "tests/support/test_certificates.hpp"
#include "tests/unit/logplex/api/api_node.hpp"

namespace sluice::api {
namespace {

/// "user:password" for the header.
constexpr std::string_view kBasicGood = "Basic YW55b25lOnRoZS1ub2RlLWtleQ==";  // anyone:the-node-key
constexpr std::string_view kBasicBad = "Basic YW55b25lOndyb25n";               // anyone:wrong

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

class ApiTest : public ::testing::Test {
 protected:
  static ConfigLimits limits() {
    ConfigLimits few;
    few.drains_per_channel = 2;
    return few;
  }
  ApiNode node{ApiNode::default_fabric(), ApiNode::default_settings(), limits()};
};

TEST_F(ApiTest, a_key_is_needed_and_checked_before_the_body) {
  node.make_channel("c");
  for (const auto key : {std::string_view("Bearer the-node-key"), kBasicGood})
    EXPECT_EQ(node.call("GET", "/v3/channels/c", {}, {}, std::string(key)).status, 200) << key;
  for (const auto key : {std::string_view(), std::string_view("Bearer the-node-keyx"), kBasicBad,
                         std::string_view("Basic !!"), std::string_view("the-node-key")}) {
    const auto seen = node.call("PUT", "/v3/channels/c", "{not json", {}, std::string(key));
    EXPECT_EQ(seen.status, 401) << key;
    EXPECT_EQ(seen.header("WWW-Authenticate"), "Basic realm=Logplex");
    EXPECT_FALSE(seen.error().empty());
  }
  EXPECT_EQ(node.call("GET", "/v3/healthcheck", {}, {}, "").body, "OK");
}

TEST_F(ApiTest, every_answer_has_a_request_id_and_a_sane_one_is_echoed) {
  for (const char* path : {"/v3/apps", "/v3/nothing", "/nothing", "/v3/channels/none", "/sessions/x"})
    EXPECT_EQ(node.call("GET", path).header("request-id").size(), 36u) << path;
  EXPECT_EQ(node.call("GET", "/v3/apps", {}, {"request-id: abc-1"}).header("request-id"), "abc-1");
  EXPECT_EQ(node.call("GET", "/v3/apps", {}, {"request-id: a\tb"}).header("request-id").size(), 36u);
}

TEST_F(ApiTest, refusals_before_the_handler) {
  EXPECT_EQ(node.call("GET", "/v3/nothing").status, 404);
  const auto method = node.call("POST", "/v3/channels/c", "{}");
  EXPECT_EQ(method.status, 405);
  EXPECT_EQ(method.header("Allow"), "PUT, GET, DELETE");
  EXPECT_EQ(node.call("PUT", "/v3/channels/c", "{}", {"Content-Type: text/plain"}).status, 415);
  EXPECT_EQ(node.call("PUT", "/v3/channels/c", "{}", {"Content-Type: application/json; charset=utf-8"}).status, 201);
  EXPECT_EQ(node.call("GET", "/v3/channels/c", {}, {"Accept: image/png"}).status, 406);
  EXPECT_EQ(node.call("GET", "/v3/channels/c", {}, {"Accept: text/html, */*;q=0.1"}).status, 200);
  EXPECT_EQ(node.call("PUT", "/v3/channels/c", std::string(2 << 20, ' ')).status, 413);
  const auto list = node.call("PUT", "/v3/channels/c", "[1]");
  EXPECT_EQ(list.status, 400);
  EXPECT_EQ(list.error(), "invalid payload");
  EXPECT_EQ(node.call("PUT", "/v3/apps/a", R"({"domainz":[]})").json().at("field").as_string(), "domainz");
}

TEST_F(ApiTest, what_is_not_acceptable_names_its_field) {
  ASSERT_EQ(node.call("PUT", "/v3/channels/c", "{}").status, 201);
  ASSERT_EQ(node.call("PUT", "/v3/apps/there", "{}").status, 201);
  struct Case {
    const char* method;
    const char* path;
    const char* body;
    const char* field;
  };
  for (const Case& each : {
           Case{"PUT", "/v3/channels/c", R"({"tokens":["a b"]})", "tokens"},
           Case{"POST", "/v3/channels/c/tokens", R"({"name":"a b"})", "name"},
           Case{"POST", "/v3/keys", R"({"name":"a\nb","scopes":["admin"]})", "name"},
           Case{"POST", "/v3/keys", R"({"name":"a","scopes":["admin"],"channels":["a b"]})", "channels"},
           Case{"POST", "/v3/channels/c/drains", R"({"url":"http://h.test/","filter":"a\tb"})", "filter"},
           Case{"POST", "/v3/channels/c/drains", R"({"url":"http://h.test/","headers":{"A":"\u0001"}})", "headers"},
           Case{"POST", "/v3/channels/c/drains", R"({"url":"https://h.test/","ca":"\u0000"})", "ca"},
           Case{"PUT", "/v3/apps/a", R"({"domains":["a b"]})", "domains"},
           Case{"PUT", "/v3/apps/a", R"({"backends":[{"name":"web.1","address":"x"}]})", "backends"},
           Case{"PUT", "/v3/apps/there/backends/web.1", R"({"address":"x"})", "address"},
           Case{"PUT", "/v3/apps/there/backends/web.1", R"({"address":"h.test:1","weight":0})", "weight"},
           Case{"POST", "/v3/drains", R"({"url":"http://h.test/","filtr":"a"})", "filtr"},
           Case{"POST", "/v3/sessions", R"({"channel_id":"c","source":"a\u0001b"})", "source"},
           Case{"POST", "/v3/sessions", R"({"channel_id":"c","filter":"a\u0001b"})", "filter"},
       }) {
    const auto refused = node.call(each.method, each.path, each.body);
    EXPECT_TRUE(refused.status == 400 || refused.status == 422) << refused.status << " " << each.body;
    const auto body = refused.json();
    const auto* field = body.as_object().if_contains("field");
    EXPECT_EQ(field == nullptr ? "none" : std::string(field->as_string()), each.field) << each.body << refused.body;
  }
}

TEST_F(ApiTest, channel_put_declares_tokens) {
  const auto made = node.call("PUT", "/v3/channels/c", R"({"tokens":["a","b"],"from_old_client":1})");
  EXPECT_EQ(made.status, 201);
  const auto b = made.json().at("tokens").at("b");
  EXPECT_TRUE(b.as_string().starts_with("t."));
  const auto again = node.call("PUT", "/v3/channels/c", R"({"tokens":["b","c"]})");
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(again.json().at("tokens").at("b"), b);
  EXPECT_FALSE(again.json().at("tokens").as_object().contains("a"));
  const auto none = node.call("PUT", "/v3/channels/c", "{}");
  EXPECT_EQ(none.json(), boost::json::parse(R"({"channel":"c"})"));
  EXPECT_EQ(node.call("DELETE", "/v3/channels/c").status, 204);
  EXPECT_EQ(node.call("DELETE", "/v3/channels/c").status, 404);
  EXPECT_EQ(node.call("GET", "/v3/channels/c").status, 404);
}

TEST_F(ApiTest, tokens_are_made_listed_without_secret_and_revoked) {
  EXPECT_EQ(node.call("POST", "/v3/channels/c/tokens", R"({"name":"app"})").status, 404);
  node.call("PUT", "/v3/channels/c", "{}");
  EXPECT_EQ(node.call("POST", "/v3/channels/c/tokens", "{}").status, 400);
  EXPECT_EQ(node.call("POST", "/v3/channels/c/tokens", R"({"name":"with space"})").status, 400);
  const auto made = node.call("POST", "/v3/channels/c/tokens", R"({"name":"app"})");
  EXPECT_EQ(made.status, 200);
  const auto listed = node.call("GET", "/v3/channels/c/tokens");
  EXPECT_FALSE(has(listed.body, made.json().at("token").as_string().c_str()));
  const auto id = std::string(listed.json().at("items").at(0).at("id").as_string());
  EXPECT_TRUE(listed.json().at("next").is_null());
  EXPECT_EQ(node.call("DELETE", "/v3/channels/c/tokens/" + id).status, 204);
  EXPECT_EQ(node.call("DELETE", "/v3/channels/c/tokens/" + id).status, 404);
  EXPECT_EQ(node.call("DELETE", "/v3/channels/c/tokens/zzz").status, 404);
}

TEST_F(ApiTest, life_of_a_drain) {
  node.make_channel("c");
  const std::string path = "/v3/channels/c/drains";
  const auto made = node.call("POST", path, R"({"url":"http://127.0.0.1:9/one","filter":"source=app"})");
  EXPECT_EQ(made.status, 201);
  const auto drain = made.json();
  const auto id = std::to_string(drain.at("id").to_number<std::uint64_t>());
  EXPECT_EQ(made.header("Location"), "http://api.test:8001" + path + "/" + id);
  EXPECT_EQ(drain.at("format").as_string(), "logplex");
  EXPECT_EQ(drain.at("filter").as_string(), "source=app");
  EXPECT_EQ(drain.at("status").as_string(), "pending");
  EXPECT_TRUE(drain.at("stats").at("dropped").as_object().empty());
  for (const auto& which : {id, std::string(drain.at("token").as_string())})
    EXPECT_EQ(node.call("GET", path + "/" + which).json().at("url").as_string(), "http://127.0.0.1:9/one");
  const auto put = node.call("PUT", path + "/" + id, R"({"url":"http://127.0.0.1:9/two"})");
  EXPECT_EQ(put.status, 200);
  EXPECT_EQ(put.json().at("token"), drain.at("token"));
  EXPECT_EQ(node.call("PUT", path + "/" + id, R"({"url":"http://127.0.0.1:9/two"})").status, 200);
  EXPECT_EQ(node.call("PUT", path + "/" + id, R"({"url":"i am not a url"})").status, 400);
  EXPECT_EQ(node.call("PUT", path + "/999999", R"({"url":"http://127.0.0.1:9/two"})").status, 404);
  EXPECT_EQ(node.call("GET", path).json().at("items").as_array().size(), 1u);
  node.make_channel("other");
  EXPECT_EQ(node.call("DELETE", "/v3/channels/other/drains/" + id).status, 404);
  EXPECT_EQ(node.call("DELETE", "/v3/drains/" + id).status, 404);
  EXPECT_EQ(node.call("DELETE", path + "/" + id).status, 204);
  EXPECT_EQ(node.call("GET", path + "/" + id).status, 404);
}

TEST_F(ApiTest, drain_refusals_have_logplex_codes_and_words) {
  node.make_channel("c");
  const std::string path = "/v3/channels/c/drains";
  EXPECT_EQ(node.call("POST", "/v3/channels/none/drains", R"({"url":"http://127.0.0.1:9/"})").status, 404);
  EXPECT_EQ(node.call("POST", path, R"({"url":"i am not a url"})").status, 400);
  EXPECT_EQ(node.call("POST", path, R"({"url":"http://10.0.0.1/"})").status, 422);
  const auto filter = node.call("POST", path, R"({"url":"http://127.0.0.1:9/","filter":"source=app text~("})");
  EXPECT_EQ(filter.status, 400);
  EXPECT_TRUE(has(filter.error(), "text~("));
  EXPECT_EQ(node.call("POST", path, R"({"url":"http://127.0.0.1:9/","format":"otlp"})").status, 422);
  EXPECT_EQ(node.call("POST", path, R"({"url":"http://127.0.0.1:9/a"})").status, 201);
  const auto twice = node.call("POST", path, R"({"url":"http://127.0.0.1:9/a"})");
  EXPECT_EQ(twice.status, 409);
  EXPECT_EQ(twice.json(), boost::json::parse(R"({"error":"already exists"})"));
  EXPECT_EQ(node.call("POST", path, R"({"url":"http://127.0.0.1:9/b"})").status, 201);
  const auto third = node.call("POST", path, R"({"url":"http://127.0.0.1:9/c"})");
  EXPECT_EQ(third.status, 422);
  EXPECT_EQ(third.json(), boost::json::parse(R"({"error":"maximum number of drains reached"})"));
}

TEST_F(ApiTest, reserved_drain_gets_its_url_later) {
  node.make_channel("c");
  const auto reserved = node.call("POST", "/v3/channels/c/drains", "{}");
  EXPECT_EQ(reserved.status, 201);
  EXPECT_FALSE(reserved.json().as_object().contains("url"));
  const auto path = "/v3/channels/c/drains/" + std::to_string(reserved.json().at("id").to_number<std::uint64_t>());
  EXPECT_EQ(node.call("POST", path + "/test").status, 409);
  EXPECT_FALSE(node.call("GET", "/v3/channels/c").json().as_object().contains("drains"));
  const auto filled = node.call("PUT", path, R"({"url":"syslog://127.0.0.1:601"})");
  EXPECT_EQ(filled.status, 200);
  EXPECT_EQ(filled.json().at("token"), reserved.json().at("token"));
}

TEST_F(ApiTest, secrets_of_drains_never_come_back) {
  const TestIdentity own = TestCertificates().sign("own", "");
  const boost::json::object drain{{"url", "https://user:hunter2@127.0.0.1:9/?api_key=hunter3"},
                                  {"headers", boost::json::object{{"X-Key", "hunter4"}}},
                                  {"client_cert", boost::json::string(own.chain)},
                                  {"client_key", boost::json::string(own.key)}};
  const auto made = node.call("POST", "/v3/drains", boost::json::serialize(drain));
  EXPECT_EQ(made.status, 201) << made.body;
  for (const auto& shown : {made.body, node.call("GET", "/v3/drains").body}) {
    EXPECT_FALSE(has(shown, "hunter"));
    EXPECT_FALSE(has(shown, "PRIVATE KEY"));
  }
}

TEST_F(ApiTest, only_http_drains_are_signed_and_no_key_comes_back) {
  const auto made = node.call("POST", "/v3/drains", R"({"url":"https://127.0.0.1:9/","secret":"hunter2"})");
  EXPECT_EQ(made.status, 201) << made.body;
  EXPECT_FALSE(has(made.body + node.call("GET", "/v3/drains").body, "hunter"));
  const auto refused = node.call("POST", "/v3/drains", R"({"url":"syslog://127.0.0.1:9","secret":"hunter2"})");
  EXPECT_EQ(refused.status, 422);
  EXPECT_EQ(refused.json().at("field").as_string(), "secret");
}

TEST_F(ApiTest, headers_that_describe_the_message_are_refused_by_name) {
  for (const std::string name : {"Host", "content-length", "Logplex-Frame-Id", "Webhook-Signature"}) {
    const auto refused =
        node.call("POST", "/v3/drains", R"({"url":"https://127.0.0.1:9/","headers":{")" + name + R"(":"x"}})");
    EXPECT_EQ(refused.status / 100, 4) << refused.body;
    EXPECT_TRUE(has(refused.error(), name)) << refused.body;
  }
}

TEST_F(ApiTest, pause_resume_test_and_replay) {
  const auto made = node.call("POST", "/v3/drains", R"({"url":"http://127.0.0.1:9/"})");
  const auto path = "/v3/drains/" + std::to_string(made.json().at("id").to_number<std::uint64_t>());
  EXPECT_EQ(node.call("POST", path + "/pause").json().at("status").as_string(), "paused");
  EXPECT_EQ(node.call("GET", path).json().at("status").as_string(), "paused");
  EXPECT_EQ(node.call("POST", path + "/resume", R"({"from":"later"})").status, 400);
  EXPECT_EQ(node.call("POST", path + "/resume", R"({"from":"now"})").json().at("status").as_string(), "pending");
  EXPECT_EQ(node.drains.skipped, 1);
  EXPECT_EQ(node.call("POST", path + "/test").json().at("ok").as_bool(), true);
  const auto replay = node.call("POST", path + "/replay", R"({"since":"1h"})");
  EXPECT_EQ(replay.status, 409);
  EXPECT_TRUE(has(replay.error(), "durable"));
}

TEST_F(ApiTest, stats_are_shown_as_the_drain_reports_them) {
  node.drains.script.status = DrainStatus::kDegraded;
  auto& stats = node.drains.script.stats;
  stats.offered = 10;
  stats.delivered = 6;
  stats.dropped = {{"memory_budget", 1}};
  stats.pending_lines = 3;
  stats.in_flight_lines = 2;
  stats.errors = {{"connect", 4}};
  stats.oldest_pending_age = std::chrono::milliseconds(1500);
  stats.last_error = "connection refused";
  stats.latency = std::chrono::microseconds(2500);
  stats.node = "n1";
  const auto drain = node.call("POST", "/v3/drains", R"({"url":"http://127.0.0.1:9/"})").json();
  EXPECT_EQ(drain.at("status").as_string(), "degraded");
  const auto& shown = drain.at("stats");
  EXPECT_EQ(shown.at("dropped").at("memory_budget").to_number<int>(), 1);
  EXPECT_EQ(shown.at("in_flight_lines").to_number<int>(), 2);
  EXPECT_EQ(shown.at("errors").at("connect").to_number<int>(), 4);
  EXPECT_EQ(shown.at("oldest_pending_age_s").to_number<double>(), 1.5);
  EXPECT_EQ(shown.at("latency_ms").to_number<double>(), 2.5);
  EXPECT_TRUE(shown.at("last_success").is_null());
  EXPECT_EQ(shown.at("last_error").as_string(), "connection refused");
}

TEST_F(ApiTest, apps) {
  const auto made = node.call("PUT", "/v3/apps/shop",
                              R"({"domains":["shop.test"],"backends":[{"name":"web.1","address":"127.0.0.1:9"}]})");
  EXPECT_EQ(made.status, 201);
  EXPECT_EQ(made.json().at("channel").as_string(), "shop");
  EXPECT_EQ(made.json().at("backends").at(0).at("soft").to_number<int>(), 20);
  EXPECT_EQ(node.call("GET", "/v3/channels/shop").status, 200);
  const auto taken = node.call("PUT", "/v3/apps/two", R"({"domains":["shop.test"]})");
  EXPECT_EQ(taken.status, 409);
  EXPECT_TRUE(has(taken.error(), "shop.test"));
  const auto address = node.call("PUT", "/v3/apps/two", R"({"backends":[{"name":"web.1","address":"nowhere"}]})");
  EXPECT_EQ(address.status, 400);
  EXPECT_TRUE(has(address.body, "address"));
  const auto nested = node.call("PUT", "/v3/apps/two", R"({"backends":[{"name":"w","address":"a:1","port":1}]})");
  EXPECT_EQ(nested.json().at("field").as_string(), "backends[0].port");
  EXPECT_EQ(node.call("PUT", "/v3/apps/shop/backends/web.2", R"({"address":"127.0.0.1:10","weight":3})").status, 201);
  EXPECT_EQ(node.call("PUT", "/v3/apps/shop/domains/two.test", "{}").json().at("domains").as_array().size(), 2u);
  EXPECT_EQ(node.call("PUT", "/v3/apps/shop/domains/three.test").json().at("domains").as_array().size(), 3u);
  EXPECT_EQ(node.call("DELETE", "/v3/apps/shop/domains/three.test").status, 204);
  EXPECT_EQ(node.call("DELETE", "/v3/apps/shop/domains/three.test").status, 404);
  const auto patched = node.call("PATCH", "/v3/apps/shop", R"({"features":{"maintenance":true,"balance":"random"}})");
  EXPECT_EQ(patched.json().at("features").at("maintenance").as_bool(), true);
  EXPECT_EQ(patched.json().at("features").at("balance").as_string(), "random");
  EXPECT_EQ(node.call("PATCH", "/v3/apps/shop", R"({"features":{"balance":"magic"}})").status, 400);
  EXPECT_EQ(node.call("PATCH", "/v3/apps/shop", R"({"features":{"magic":true}})").json().at("field").as_string(),
            "features.magic");
  EXPECT_EQ(node.call("PUT", "/v3/apps/shop/certificates/main", R"({"chain":"x","key":"y"})").status, 422);
  EXPECT_EQ(node.call("DELETE", "/v3/apps/shop?keep_channel=true").status, 204);
  EXPECT_EQ(node.call("GET", "/v3/channels/shop").status, 200);
}

TEST_F(ApiTest, lists_are_paged_without_repeats) {
  for (int i = 0; i < 7; ++i) node.call("PUT", "/v3/apps/app" + std::to_string(i), "{}");
  std::set<std::string> seen;
  std::string cursor;
  int pages = 0;
  do {
    const auto page = node.call("GET", "/v3/apps?limit=3&cursor=" + cursor).json();
    for (const auto& app : page.at("items").as_array())
      EXPECT_TRUE(seen.insert(std::string(app.at("name").as_string())).second);
    cursor = page.at("next").is_null() ? "" : std::string(page.at("next").as_string());
    ++pages;
  } while (!cursor.empty());
  EXPECT_EQ(seen.size(), 7u);
  EXPECT_EQ(pages, 3);
  EXPECT_EQ(node.call("GET", "/v3/apps?limit=0").status, 400);
}

TEST_F(ApiTest, scoped_keys_do_what_their_scopes_say) {
  node.make_channel("mine");
  node.make_channel("yours");
  const auto made =
      node.call("POST", "/v3/keys",
                R"({"name":"reader","scopes":["logs:read","drains:write"],"channels":["mine"],"expires_in":"1h"})");
  EXPECT_EQ(made.status, 201);
  const auto key = "Bearer " + std::string(made.json().at("key").as_string());
  EXPECT_EQ(node.call("GET", "/v3/channels/mine/drains", {}, {}, key).status, 200);
  EXPECT_EQ(node.call("GET", "/v3/channels/yours/drains", {}, {}, key).status, 403);
  EXPECT_EQ(node.call("GET", "/v3/drains", {}, {}, key).status, 403);
  EXPECT_EQ(node.call("PUT", "/v3/channels/mine", "{}", {}, key).status, 403);
  EXPECT_EQ(node.call("GET", "/v3/keys", {}, {}, key).status, 403);
  EXPECT_EQ(node.call("GET", "/v3/status", {}, {}, key).status, 200);
  EXPECT_EQ(node.call("POST", "/v3/sessions", R"({"channel_id":"yours"})", {}, key).status, 403);
  EXPECT_EQ(node.call("POST", "/v3/sessions", R"({"channel_id":"mine"})", {}, key).status, 201);
  const auto listed = node.call("GET", "/v3/keys");
  EXPECT_FALSE(has(listed.body, std::string(made.json().at("key").as_string())));
  const auto id = std::string(listed.json().at("items").at(0).at("id").as_string());
  EXPECT_EQ(node.call("DELETE", "/v3/keys/" + id).status, 204);
  EXPECT_EQ(node.call("GET", "/v3/status", {}, {}, key).status, 401);
  EXPECT_EQ(node.call("POST", "/v3/keys", R"({"name":"x","scopes":["everything"]})").json().at("field").as_string(),
            "scopes");
  EXPECT_EQ(node.call("POST", "/v3/keys", R"({"name":"x","scopes":["admin"],"expires_in":"soon"})").status, 400);
}

TEST_F(ApiTest, a_shard_can_say_which_call_it_worked_for) {
  EXPECT_EQ(node.call("GET", "/v3/status").status, 200);
  EXPECT_EQ(node.status.asked_for.kind, Beneficiary::Kind::kCall);
  EXPECT_EQ(node.route_name(node.status.asked_for.number), "GET /v3/status");
  EXPECT_EQ(node.route_name(10'000), "");
}

TEST_F(ApiTest, status_and_metrics) {
  node.drains.ill.push_back({1, {}});
  node.call("POST", "/v3/drains", R"({"url":"http://127.0.0.1:9/"})");
  const auto status = node.call("GET", "/v3/status").json();
  EXPECT_EQ(status.at("nodes").at(0).at("node").as_string(), "n1");
  EXPECT_EQ(status.at("ingress_http").as_string(), "http://127.0.0.1:8601");
  EXPECT_EQ(status.at("drains_unhealthy").as_array().size(), 1u);
  const auto metrics = node.metrics();
  EXPECT_TRUE(has(metrics, "sluice_api_requests_total{route=\"POST /v3/drains\",status=\"2xx\"} 1")) << metrics;
}

TEST_F(ApiTest, sessions_are_made_and_unknown_ones_are_404) {
  node.make_channel("c");
  const auto made = node.call("POST", "/v3/sessions", R"({"channel_id":"c","num":"5","tail":"1"})");
  EXPECT_EQ(made.status, 201);
  const auto url = std::string(made.json().at("url").as_string());
  EXPECT_TRUE(url.starts_with("http://api.test:8001/sessions/")) << url;
  EXPECT_EQ(made.header("Location"), url);
  const auto unknown = node.call("POST", "/v3/sessions", R"({"channel_id":"none"})");
  EXPECT_EQ(unknown.status, 422);
  EXPECT_EQ(unknown.json(), boost::json::parse(R"({"error":"channel not found"})"));
  EXPECT_EQ(node.call("POST", "/v3/sessions", R"({"num":3})").status, 400);
  EXPECT_EQ(node.call("POST", "/v3/sessions", R"({"channel_id":"c","filter":"level<="})").status, 400);
  for (std::string spoiled = url.substr(url.find("/sessions/")); spoiled.size() > 20; spoiled.pop_back()) {
    if (spoiled.size() % 40 == 0) {
      EXPECT_EQ(node.call("GET", spoiled, {}, {}, "").status, 404) << spoiled;
    }
  }
  EXPECT_EQ(node.call("GET", "/sessions/00000000-0000-4000-8000-000000000000", {}, {}, "").status, 404);
  EXPECT_EQ(node.call("GET", "/sessions/nonsense", {}, {}, "").status, 404);
}

/// What is charged goes on over several turns (TurnWork): so neither is done in one.
TEST_F(ApiTest, bodies_and_lists_are_work_that_is_divided) {
  const auto spent = [this] {
    Work sum = 0;
    for (std::uint32_t id = 0; id < ApiNode::kShards; ++id)
      sum += node.shards.on(id, [&] { return node.shards.runtime.shard(id).work().spent(); });
    return sum;
  };
  Work before = spent();
  EXPECT_EQ(node.call("PUT", "/v3/channels/c", "{\"x\":\"" + std::string(900'000, 'a') + "\"}").status, 201);
  EXPECT_GE(spent() - before, BodyReader::cost(900'000));
  before = spent();
  EXPECT_EQ(node.call("PUT", "/v3/channels/c", "{\"x\":[" + std::string(900'000, '[')).status, 400);
  EXPECT_LE(spent() - before, BodyReader::cost(2 * BodyReader::kPiece)) << "nothing is read behind a fault";

  for (int i = 0; i < 60; ++i) node.make_channel("channel-" + std::to_string(i));
  before = spent();
  auto page = node.call("GET", "/v3/channels?limit=50").json();
  EXPECT_EQ(page.at("items").as_array().size(), 50u);
  EXPECT_GE(spent() - before, Work{50'000});
  auto items = page.at("items").as_array();
  page = node.call("GET", "/v3/channels?limit=50&cursor=" + std::string(page.at("next").as_string())).json();
  EXPECT_TRUE(page.at("next").is_null());
  for (const auto& item : page.at("items").as_array()) items.push_back(item);
  EXPECT_EQ(node.call("GET", "/v3/channels?limit=1000").json().at("items"), items);
  std::set<std::string> names;
  for (const auto& item : items) names.emplace(item.at("channel").as_string());
  EXPECT_EQ(names.size(), items.size()) << "each once";
  EXPECT_GE(names.size(), 61u);
}

/// Each costs more than a turn may: so each has one of its own, and the next waits for a slice.
TEST_F(ApiTest, large_items_of_a_list_are_shown_one_in_a_turn) {
  const auto slices = [this] {
    std::uint64_t sum = 0;
    for (std::uint32_t id = 0; id < ApiNode::kShards; ++id)
      sum += node.shards.on(id, [&] { return node.shards.runtime.shard(id).work().slices(); });
    return sum;
  };
  constexpr std::size_t kKeys = 6;
  boost::json::array channels;
  for (int i = 0; i < 200; ++i)
    channels.push_back(boost::json::string("c" + std::to_string(i) + std::string(240, 'y')));
  const boost::json::object body{{"name", "k"}, {"scopes", {"logs:read"}}, {"channels", channels}};
  for (std::size_t i = 0; i < kKeys; ++i)
    ASSERT_EQ(node.call("POST", "/v3/keys", boost::json::serialize(body)).status, 201);
  const auto before = slices();
  const auto page = node.call("GET", "/v3/keys").json();
  EXPECT_EQ(page.at("items").as_array().size(), kKeys);
  EXPECT_TRUE(page.at("next").is_null());
  EXPECT_GE(slices() - before, kKeys - 1);
}

}  // namespace
}  // namespace sluice::api
